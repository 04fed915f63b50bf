import { join } from 'node:path'

import { readStateFile, writeStateFile } from '../../system/index.ts'

const format = 1

/** By app: the highest sequence of a signed release that was committed on this host. */
export interface ProvedSequences {
  lowest(app: string): number | undefined
  /** Remembers it durably when it is higher. */
  raise(app: string, sequence: number): void
}

export function openProvedSequences(state: string): ProvedSequences {
  const path = join(state, 'proved.json')
  let known = readStateFile<Record<string, number>>(path, format)?.state ?? {}
  // An app may have a name that every object has.
  const lowest = (app: string): number | undefined =>
    Object.hasOwn(known, app) ? known[app] : undefined
  return {
    lowest,
    raise: (app, sequence) => {
      if (sequence <= (lowest(app) ?? -1)) return
      known = { ...known, [app]: sequence }
      writeStateFile(path, format, known)
    },
  }
}
