import { sql } from 'kysely'

import { isSameSecret } from '../../../trust/index.ts'
import type { Enrolment, EnrolResult, Login, LoginRecord } from '../agent-records.ts'
import { contextOf, type DatabaseTransaction } from '../database.ts'
import { agentOf, loginOf, rowOfLogin } from './agent-rows.ts'
import type { AgentRow, JoinTokenRow } from './table-types.ts'

/** Spends one use of the token for a new agent. The same key with the same token is the agent that it was. */
export async function enrolAgent(
  transaction: DatabaseTransaction,
  { token: given, id, name, publicKey, at }: Enrolment,
): Promise<EnrolResult> {
  const token = await takeToken(transaction, given)
  if (token === undefined) return { kind: 'token-refused' }
  const present = await findAgent(transaction, 'public_key', publicKey)
  if (present?.join_token === token.id)
    return { kind: 'enrolled', agent: agentOf(present), isRepeat: true }
  if (token.uses_left < 1 || token.expires_at <= at || token.revoked_at !== null)
    return { kind: 'token-refused' }
  if (present !== undefined) return { kind: 'key-taken', by: present.name }
  const namesake = await findAgent(transaction, 'name', name)
  if (namesake !== undefined) return { kind: 'name-taken', by: namesake.id }
  const { id: join_token, labels } = token
  const row: AgentRow = {
    ...freshAgent,
    id,
    name,
    public_key: publicKey,
    labels,
    join_token,
    created_at: at,
  }
  await transaction.insertInto('agents').values(row).execute()
  const spending = transaction.updateTable('join_tokens').where('id', '=', token.id)
  await spending.set({ uses_left: sql<number>`uses_left - 1` }).execute()
  return { kind: 'enrolled', agent: agentOf(row), isRepeat: false }
}

const freshAgent = {
  state: 'active',
  join_shown: null,
  join_given: null,
  revision: 1,
  reported: 0,
  seen_at: null,
  observed: null,
  observed_at: null,
  last_nonce: null,
} as const

/** The token, locked until the end: two that come with its last use do not both get it. */
async function takeToken(
  transaction: DatabaseTransaction,
  { id, hash }: Enrolment['token'],
): Promise<JoinTokenRow | undefined> {
  const { hasRowLocks } = contextOf(transaction).dialect
  const query = transaction.selectFrom('join_tokens').selectAll().where('id', '=', id)
  const token = await (hasRowLocks ? query.forUpdate() : query).executeTakeFirst()
  // Compared also when there is none, so that an id cannot be told by the time.
  return isSameSecret(hash, token?.hash ?? '') ? token : undefined
}

async function findAgent(
  transaction: DatabaseTransaction,
  column: 'public_key' | 'name',
  value: string,
): Promise<AgentRow | undefined> {
  const query = transaction.selectFrom('agents').selectAll().where(column, '=', value)
  return await query.executeTakeFirst()
}

/** Decides logins in their order; answers the agents that are not active any more. */
export async function loginAgents(
  transaction: DatabaseTransaction,
  logins: readonly Login[],
): Promise<readonly string[]> {
  const records = await readLogins(transaction, [...new Set(logins.map(({ agent }) => agent))])
  const changed = new Map<string, { readonly record: LoginRecord; readonly seen_at: number }>()
  for (const login of logins) {
    const record = login.decide(changed.get(login.agent)?.record ?? records.get(login.agent))
    if (record !== undefined) changed.set(login.agent, { record, seen_at: login.at })
  }
  for (const [id, { record, seen_at }] of changed) {
    const query = transaction.updateTable('agents').where('id', '=', id)
    await query.set({ ...rowOfLogin(record), seen_at }).execute()
  }
  return [...changed].flatMap(([id, { record }]) => (record.state === 'active' ? [] : [id]))
}

async function readLogins(
  transaction: DatabaseTransaction,
  ids: readonly string[],
): Promise<ReadonlyMap<string, LoginRecord>> {
  const { hasRowLocks } = contextOf(transaction).dialect
  const query = transaction
    .selectFrom('agents')
    .select(['id', 'state', 'public_key', 'join_shown', 'join_given', 'last_nonce'])
    .where('id', 'in', ids)
    .orderBy('id')
  const rows = await (hasRowLocks ? query.forUpdate() : query).execute()
  return new Map(rows.map((row) => [row.id, loginOf(row)]))
}
