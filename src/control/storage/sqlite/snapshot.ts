import { DatabaseSync } from 'node:sqlite'

import { explainSqlite } from './explain-sqlite.ts'

/** Copies a database as of one moment to a file that must not exist, also while a server writes to it. */
export function snapshotSqlite(path: string, to: string): { readonly epoch: string } {
  return using(path, { readOnly: true }, (database) => {
    database.exec('pragma busy_timeout = 30000')
    database.prepare('vacuum into ?').run(to)
    return using(to, { readOnly: true }, (copy) => {
      const row = copy.prepare("select value from meta where name = 'epoch'").get()
      return { epoch: String(row?.['value']) }
    })
  })
}

/** Brings everything into the one file, so that nothing beside it is needed any more; false when it is damaged. */
export function settleSqlite(path: string): boolean {
  try {
    return using(path, {}, (database) => {
      database.prepare('pragma wal_checkpoint(truncate)').get()
      return true
    })
  } catch {
    return false
  }
}

/** How large each is and how many rows it has does not matter here: whether every page can be read does. */
export function isWholeSqlite(path: string): boolean {
  return using(path, { readOnly: true }, (database) => {
    const said = database.prepare('pragma integrity_check(1)').get()
    return said?.['integrity_check'] === 'ok'
  })
}

function using<Result>(
  path: string,
  options: { readonly readOnly?: boolean },
  work: (database: DatabaseSync) => Result,
): Result {
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(path, options)
    return work(database)
  } catch (thrown) {
    throw explainSqlite(thrown)?.error ?? thrown
  } finally {
    database?.close()
  }
}
