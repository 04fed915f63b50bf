import { judgeJoinState, nextJoinState } from '../../trust/index.ts'
import type { Identity, JoinState } from '../../trust/index.ts'
import type { LoginRecord } from '../storage/agent-records.ts'

export interface ShownLogin {
  readonly agent: string
  /** Of the key that was proved. */
  readonly publicKey: string
  readonly nonce: Buffer
  readonly joinState: JoinState | undefined
}

export type LoginVerdict =
  | { readonly kind: 'in'; readonly joinState: JoinState; readonly record: LoginRecord }
  /** It is out of step: two machines have its key. */
  | { readonly kind: 'quarantine'; readonly reason: string; readonly record: LoginRecord }
  | { readonly kind: 'unknown' | 'quarantined' | 'stale' }

export interface JudgeMeans {
  readonly server: Identity
  readonly random: (length: number) => Buffer
}

/** Decides a login whose proof is right. */
export function judgeLogin(
  shown: ShownLogin,
  record: LoginRecord | undefined,
  means: JudgeMeans,
): LoginVerdict {
  if (record === undefined || record.publicKey !== shown.publicKey) return { kind: 'unknown' }
  if (record.state === 'quarantined') return { kind: 'quarantined' }
  if (isStale(shown.nonce, record.lastNonce)) return { kind: 'stale' }
  const { agent, joinState } = shown
  const lastNonce = shown.nonce.toString('base64url')
  const verdict = judgeJoinState(joinState, { agent, ...record }, means.server)
  // A newer state than ours: a backup of the database was put back. The agent is right, and we go on from there.
  const isAhead = verdict.verdict === 'out-of-step' && verdict.reason === 'newer'
  if (verdict.verdict === 'out-of-step' && !isAhead)
    return {
      kind: 'quarantine',
      reason: verdict.reason,
      record: { ...record, state: 'quarantined', lastNonce },
    }
  const known = isAhead ? { agent, ...record, given: joinState } : { agent, ...record }
  const next = nextJoinState(joinState, known, means)
  const { shown: lastShown, given } = next.record
  return {
    kind: 'in',
    joinState: next.state,
    record: { ...record, shown: lastShown, given, lastNonce },
  }
}

/** A login that is sent again as it was, or that was held back while a later one went through. */
function isStale(nonce: Buffer, last: string | null): boolean {
  if (last === null) return false
  const before = Buffer.from(last, 'base64url')
  return nonce.equals(before) || nonce.readUIntBE(0, 6) < before.readUIntBE(0, 6)
}
