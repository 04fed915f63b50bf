import type { JoinMark } from '../../../trust/index.ts'
import type { AgentLabels, AgentState, LoginRecord, StoredAgent } from '../agent-records.ts'
import type { AgentRow } from './table-types.ts'

export function agentOf(row: AgentRow): StoredAgent {
  return {
    id: row.id,
    name: row.name,
    publicKey: row.public_key,
    labels: JSON.parse(row.labels) as AgentLabels,
    state: row.state as AgentState,
    revision: row.revision,
    reported: row.reported,
    createdAt: row.created_at,
    seenAt: row.seen_at,
    observed: row.observed,
    observedAt: row.observed_at,
  }
}

export type LoginRow = Pick<
  AgentRow,
  'state' | 'public_key' | 'join_shown' | 'join_given' | 'last_nonce'
>

export function loginOf(row: LoginRow): LoginRecord {
  return {
    state: row.state as AgentState,
    publicKey: row.public_key,
    shown: markOf(row.join_shown),
    given: markOf(row.join_given),
    lastNonce: row.last_nonce,
  }
}

export function rowOfLogin({ state, shown, given, lastNonce }: LoginRecord) {
  const [join_shown, join_given] = [textOf(shown), textOf(given)]
  return { state, join_shown, join_given, last_nonce: lastNonce }
}

function markOf(text: string | null): JoinMark | undefined {
  return text === null ? undefined : (JSON.parse(text) as JoinMark)
}

function textOf(mark: JoinMark | undefined): string | null {
  return mark === undefined ? null : JSON.stringify(mark)
}
