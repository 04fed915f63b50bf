import { createHmac, timingSafeEqual } from 'node:crypto'

import type { Clock } from '../../system/index.ts'
import type { Identity } from '../../trust/index.ts'
import { sealingKey } from './sessions.ts'

/** Nonces that any server of the database knows for its own without having kept them. */
export interface Nonces {
  /** 32 bytes. */
  make(): Buffer
  /** Whether a nonce is ours and not older than a minute. That it is used once is the caller's business. */
  isFresh(nonce: Buffer): boolean
}

const life = 60_000
/** Clocks of two servers are not the same. */
const skew = 10_000

export function openNonces({
  identity,
  clock,
  random,
}: {
  readonly identity: Identity
  readonly clock: Clock
  readonly random: (length: number) => Buffer
}): Nonces {
  const key = sealingKey(identity, 'agent nonces')
  const sealOf = (head: Buffer): Buffer =>
    createHmac('sha256', key).update(head).digest().subarray(0, 16)
  return {
    make: () => {
      const time = Buffer.alloc(6)
      time.writeUIntBE(clock.now(), 0, 6)
      const head = Buffer.concat([time, random(10)])
      return Buffer.concat([head, sealOf(head)])
    },
    isFresh: (nonce) => {
      if (nonce.length !== 32) return false
      const head = nonce.subarray(0, 16)
      if (!timingSafeEqual(nonce.subarray(16), sealOf(head))) return false
      const age = clock.now() - head.readUIntBE(0, 6)
      return age >= -skew && age <= life
    },
  }
}
