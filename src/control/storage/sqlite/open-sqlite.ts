import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

import { Kysely, SqliteDialect } from 'kysely'

import {
  acquireLock,
  makeDirectory,
  pathExists,
  replaceFile,
  type FileLock,
} from '../../../system/index.ts'
import { assembleStorage } from '../assemble-storage.ts'
import { openChanges } from '../changes.ts'
import { openDatabase, type Database, type Surroundings } from '../database.ts'
import { migrations } from '../migrations/all.ts'
import { runMigrations } from '../migrations/run-migrations.ts'
import type { Storage } from '../storage.ts'
import type { Tables } from '../tables/table-types.ts'
import { damaged, explainSqlite } from './explain-sqlite.ts'
import { adaptSqlite, sqliteDialect } from './sqlite-dialect.ts'

/**
 * Opens the file, which belongs to this process until it is closed.
 * @throws AppError `locked` naming the process that has it.
 */
export async function openSqlite(path: string, surroundings: Surroundings): Promise<Storage> {
  makeDirectory(dirname(path), 0o700)
  const lock = await acquireLock(`${path}.lock`, {
    purpose: `serve the database ${path}`,
    clock: surroundings.clock,
  })
  let database: Database | undefined
  try {
    const changes = openChanges()
    database = openSqliteDatabase(path, { ...surroundings, changes })
    await runMigrations(database, migrations, surroundings.newEpoch)
    return await assembleStorage(database, {
      ...endsOf(database, lock),
      onChanged: (kind, hint) => changes.on(kind, hint),
    })
  } catch (thrown) {
    await database?.query.destroy()
    lock.release()
    throw thrown
  }
}

/** The file as a database, not migrated; the caller has its lock. */
export function openSqliteDatabase(path: string, surroundings: Surroundings): Database {
  // SQLite gives its other files the permissions of this one.
  if (!pathExists(path)) replaceFile(path, '', { mode: 0o600 })
  const file = openFile(path)
  const query = new Kysely<Tables>({ dialect: new SqliteDialect({ database: adaptSqlite(file) }) })
  return openDatabase(query, sqliteDialect, surroundings)
}

function openFile(path: string): DatabaseSync {
  let file: DatabaseSync | undefined
  try {
    file = new DatabaseSync(path)
    // FULL: with less, a commit that was acknowledged may be gone after a power cut.
    for (const setting of settings) file.exec(`pragma ${setting}`)
    checkPages(file)
    return file
  } catch (thrown) {
    file?.close()
    throw explainSqlite(thrown)?.error ?? thrown
  }
}

const settings = [
  // Waiting stops the whole process, so only a moment; the transaction is tried again after that.
  'busy_timeout = 200',
  'journal_mode = wal',
  'synchronous = full',
  'foreign_keys = on',
  // Else every insert of several rows makes a file for the case that one of them is refused.
  'temp_store = memory',
]

/** Reads every page of a file that is small enough for that not to be felt at a start. */
function checkPages(file: DatabaseSync): void {
  const pages = Number(file.prepare('pragma page_count').get()?.['page_count'] ?? 0)
  if (pages > mostPages) return
  const said = file.prepare('pragma quick_check(1)').get()?.['quick_check']
  if (said !== 'ok') throw damaged(String(said))
}

/** 64 MiB. */
const mostPages = 16_384

function endsOf(database: Database, lock: FileLock): Pick<Storage, 'isShared' | 'close'> {
  return {
    isShared: false,
    close: async () => {
      await database.query.destroy()
      lock.release()
    },
  }
}
