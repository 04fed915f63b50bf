import { join } from 'node:path'

import { makeDirectory, readStateFile, writeStateFile } from '../system/index.ts'
import { emptyTable } from './route-changes.ts'
import type { RouteTable } from './routes.ts'

/** The durable route table of a host. */
export interface RouteStore {
  /** Held around every change of the table. */
  readonly lockPath: string
  /**
   * The table, from its previous copy when the file is damaged; an empty one when there was never any.
   * @throws AppError `state-corrupt` when both are damaged, `state-too-new`.
   */
  load(): RouteTable
  /** Replaces the table durably and keeps the one before it. */
  save(table: RouteTable): void
  /** Problems worth telling, empty when all is well. */
  diagnose(): readonly string[]
}

/** Version of the table's shape; a newer one is refused. */
const format = 1

export function openRouteStore(root: string): RouteStore {
  const directory = join(root, 'proxy')
  const path = join(directory, 'routes.json')
  makeDirectory(directory)
  return {
    lockPath: join(directory, 'lock'),
    load: () => loadTable(path),
    // The proxy's own account reads it, and it holds no secret.
    save: (table) => void writeStateFile(path, format, table, { mode: 0o644 }),
    diagnose: () => {
      const stored = readStateFile(path, format)
      return stored?.isPrevious ? [`${path} is damaged; its previous copy is used`] : []
    },
  }
}

function loadTable(path: string): RouteTable {
  const stored = readStateFile<RouteTable>(path, format)
  if (stored === undefined) return emptyTable
  const { state: table, isPrevious } = stored
  // The lost table was one generation further; no later one may carry its number.
  return isPrevious ? { ...table, generation: table.generation + 1 } : table
}
