import type { PostgresPool, PostgresPoolClient } from 'kysely'
import { Client, Pool, types, type ClientConfig, type PoolClient } from 'pg'

import type { Secret } from '../../../system/index.ts'
import { sqlState, unavailable } from './explain-postgres.ts'

/** Milliseconds. The client gives up last, on a connection that is dead without saying so. */
const statementTimeout = 10_000
const clientTimeout = 12_000
const connectTimeout = 5_000

const mostConnections = 10

function settingsOf(url: Secret): ClientConfig {
  return {
    connectionString: url.reveal(),
    application_name: 'sluice',
    connectionTimeoutMillis: connectTimeout,
    statement_timeout: statementTimeout,
    idle_in_transaction_session_timeout: clientTimeout,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    types: { getTypeParser },
  }
}

/** Numbers of eight bytes come as text unless asked for; ours are times and counts, far below 2^53. */
const getTypeParser: typeof types.getTypeParser = (
  ...[type, format]: Parameters<typeof types.getTypeParser>
) => (type === types.builtins.INT8 ? Number : types.getTypeParser(type, format))

/** Connections for Kysely. One that fails for a reason that PostgreSQL did not report is not used again. */
export function openPool(url: Secret): PostgresPool {
  const pool = new Pool({
    ...settingsOf(url),
    query_timeout: clientTimeout,
    max: mostConnections,
    idleTimeoutMillis: 60_000,
  })
  // Lost connections show in the next statement; without a listener they would end the process.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  return {
    connect: async () => {
      try {
        return guarded(await pool.connect())
      } catch (thrown) {
        throw sqlState(thrown) === undefined ? unavailable(messageOf(thrown), thrown) : thrown
      }
    },
    end: () => pool.end(),
  } as PostgresPool
}

/** A connection of its own, for notifications. */
export async function connectClient(url: Secret): Promise<Client> {
  const client = new Client(settingsOf(url))
  client.on('error', () => undefined)
  await client.connect()
  return client
}

function guarded(client: PoolClient): PostgresPoolClient {
  let isBroken = false
  return {
    query: async (text: string, values: readonly unknown[]) => {
      if (isBroken) throw unavailable('the connection was given up', undefined)
      try {
        return await client.query(text, [...values])
      } catch (thrown) {
        if (sqlState(thrown) !== undefined) throw thrown
        isBroken = true
        throw unavailable(messageOf(thrown), thrown)
      }
    },
    release: () => client.release(isBroken),
    // Kysely asks for it with cursors too, which nothing here uses.
  } as Pick<PostgresPoolClient, 'release'> as PostgresPoolClient
}

function messageOf(thrown: unknown): string {
  // Several addresses that all refuse come as one error without a message.
  if (thrown instanceof AggregateError && thrown.message === '')
    return thrown.errors.map(messageOf).join(', ')
  return thrown instanceof Error ? thrown.message : String(thrown)
}
