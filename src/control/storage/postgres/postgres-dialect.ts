import { sql } from 'kysely'

import type { Dialect } from '../database.ts'
import { explainPostgres } from './explain-postgres.ts'

/** Any number that no other program would choose; the lock ends with its transaction, also through a pooler. */
const migrationLock = 7_308_332_045_551_620n

export const postgresDialect: Dialect = {
  name: 'postgres',
  hasRowLocks: true,
  hasNotify: true,
  migrationLock: sql`select pg_advisory_xact_lock(${sql.lit(migrationLock)})`,
  now: sql<number>`cast(extract(epoch from clock_timestamp()) * 1000 as bigint)`,
  explain: explainPostgres,
}
