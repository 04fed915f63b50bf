import type { Clock, Secret } from '../../system/index.ts'
import type { Storage } from '../storage/storage.ts'
import type { StoredToken } from '../storage/token-records.ts'
import type { Tokens } from './tokens.ts'

/** Who made the token of a first start. */
const maker = 'first start'

/**
 * Makes the first admin token, while no other token was made and none was ever used. A start that was killed before
 * it could show its token is thus followed by one that shows another, and the first one is void.
 */
export async function makeFirstAdmin(
  tokens: Tokens,
  storage: Pick<Storage, 'tokens'>,
  clock: Clock,
): Promise<Secret | undefined> {
  const present = await storage.tokens.list({ after: '', limit: 1000 })
  if (!present.every(isUnseen)) return undefined
  for (const { id } of present) await storage.tokens.revoke(id, clock.now())
  const scope = { kind: 'admin' } as const
  const { text } = await tokens.create({ scope, note: 'first admin', life: firstLife, by: maker })
  return text
}

const firstLife = 30 * 24 * 60 * 60_000

function isUnseen({ createdBy, usedAt }: StoredToken): boolean {
  return createdBy === maker && usedAt === null
}
