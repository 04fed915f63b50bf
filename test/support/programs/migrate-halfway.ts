import { mkdirSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

import { sql } from 'kysely'

import { openPostgresDatabase } from '../../../src/control/storage/postgres/open-postgres.ts'
import { openSqliteDatabase } from '../../../src/control/storage/sqlite/open-sqlite.ts'
import { migrations } from '../../../src/control/storage/migrations/all.ts'
import { runMigrations } from '../../../src/control/storage/migrations/run-migrations.ts'
import { Secret, systemClock } from '../../../src/system/index.ts'

// Runs the migrations and one more that does half of its work, says so and then waits to be killed.
const [place = ''] = process.argv.slice(2)
const surroundings = { clock: systemClock, random: Math.random, newEpoch: 'first' }
if (!place.startsWith('postgres:')) mkdirSync(dirname(place), { recursive: true })
const database = place.startsWith('postgres:')
  ? openPostgresDatabase(new Secret(place), surroundings)
  : openSqliteDatabase(place, surroundings)

await runMigrations(
  database,
  [
    ...migrations,
    async (transaction) => {
      await sql`create table half (a bigint)`.execute(transaction)
      await sql`insert into half values (1)`.execute(transaction)
      writeSync(1, 'half\n')
      await new Promise((resolve) => setTimeout(resolve, 60_000))
    },
  ],
  'first',
)
