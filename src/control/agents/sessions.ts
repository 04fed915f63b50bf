import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

import { AppError } from '../../errors/index.ts'
import type { Identity } from '../../trust/index.ts'

// `sls_<agent>_<end>_<seal>`: every server of one database can read it, because they share the key that seals it.

export interface Session {
  readonly agent: string
  /** Milliseconds since 1970. */
  readonly expires: number
}

/** How long an agent may go on without logging in again, in milliseconds. */
export const sessionLife = 15 * 60_000

export interface Sessions {
  make(session: Session): string
  /** What is sealed in a text; undefined when it was not sealed by us. It may be over. */
  open(text: string): Session | undefined
}

export function openSessions(identity: Identity): Sessions {
  const key = sealingKey(identity, 'agent sessions')
  const sealOf = (head: string): string => createHmac('sha256', key).update(head).digest('hex')
  return {
    make: ({ agent, expires }) => {
      const head = `sls_${agent}_${expires.toString(36)}`
      return `${head}_${sealOf(head)}`
    },
    open: (text) => {
      const [, head, agent, end, seal] = sessionPattern.exec(text) ?? []
      if (head === undefined || agent === undefined || seal === undefined) return undefined
      if (!timingSafeEqual(Buffer.from(seal, 'hex'), Buffer.from(sealOf(head), 'hex')))
        return undefined
      return { agent, expires: Number.parseInt(end ?? '', 36) }
    },
  }
}

const sessionPattern = /^(sls_([a-z2-7]{16})_([0-9a-z]{1,10}))_([0-9a-f]{64})$/

/** A key that only the holder of the identity can make, and every one of them alike: Ed25519 signs without chance. */
export function sealingKey(identity: Identity, purpose: 'agent sessions' | 'agent nonces'): Buffer {
  return createHash('sha256').update(identity.sign(purpose, [])).digest()
}

/** The agent may log in; there it learns what is the matter. */
export function sessionEnded(): AppError {
  return new AppError('session-ended', 'the session has ended', { hint: 'log in again' })
}
