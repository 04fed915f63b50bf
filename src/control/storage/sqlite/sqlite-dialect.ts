import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'

import { sql, type SqliteDatabase, type SqliteStatement } from 'kysely'

import type { Dialect } from '../database.ts'
import { explainSqlite } from './explain-sqlite.ts'

export const sqliteDialect: Dialect = {
  name: 'sqlite',
  hasRowLocks: false,
  hasNotify: false,
  migrationLock: undefined,
  now: sql<number>`cast(unixepoch('subsec') * 1000 as integer)`,
  explain: explainSqlite,
}

/** Node's SQLite as Kysely wants it, with the statements kept that were used last. */
export function adaptSqlite(database: DatabaseSync): SqliteDatabase {
  const kept = new Map<string, SqliteStatement>()
  return {
    close: () => database.close(),
    prepare: (text) => {
      const statement = kept.get(text) ?? prepare(database, text)
      kept.delete(text)
      kept.set(text, statement)
      const [oldest] = kept.keys()
      if (kept.size > mostStatements && oldest !== undefined) kept.delete(oldest)
      return statement
    },
  }
}

const mostStatements = 100

function prepare(database: DatabaseSync, text: string): SqliteStatement {
  // A transaction that begins by reading could not go on to write after another program has written.
  const statement = database.prepare(text === 'begin' ? 'begin immediate' : text)
  return {
    reader: statement.columns().length > 0,
    all: (values) => statement.all(...bindable(values)),
    run: (values) =>
      // Some failures have rolled back already.
      text === 'rollback' && !database.isTransaction ? nothingDone : runWith(statement, values),
    iterate: (values) => statement.iterate(...bindable(values)),
  }
}

const nothingDone = { changes: 0, lastInsertRowid: 0 }

function runWith(statement: StatementSync, values: readonly unknown[]) {
  return statement.run(...bindable(values))
}

function bindable(values: readonly unknown[]): SQLInputValue[] {
  return values as SQLInputValue[]
}
