import { AppError } from '../../errors/index.ts'
import type { Clock, Secret } from '../../system/index.ts'
import { isSameSecret, makeToken, parseToken, type TokenKind } from '../../trust/index.ts'
import type { Storage } from '../storage/storage.ts'
import type { StoredToken } from '../storage/token-records.ts'
import type { Holder } from './rights.ts'
import { formatScope, parseScope, type Scope } from './scopes.ts'
import { openTokenLookUp } from './token-look-up.ts'

/** A token without anything that lets one be made of it. */
export type TokenSummary = Omit<StoredToken, 'kind' | 'hash'>

export interface TokenRequest {
  readonly scope: Scope
  readonly note: string
  /** Milliseconds; at most a year. */
  readonly life: number
  readonly by: string
}

export interface Tokens {
  /** The only time that the token itself is seen. @throws AppError `request-invalid` for a life over a year. */
  create(request: TokenRequest): Promise<{ readonly text: Secret; readonly token: TokenSummary }>
  /** Checks the rights as they are now, whatever was granted before. @throws AppError `unauthenticated`. */
  authenticate(text: string): Promise<Holder>
  list(range: { readonly after: string; readonly limit: number }): Promise<TokenSummary[]>
  /** @throws AppError `not-found`. */
  revoke(id: string): Promise<void>
}

export interface TokensOptions {
  readonly storage: Pick<Storage, 'tokens' | 'isShared'>
  readonly clock: Clock
  readonly random: (length: number) => Buffer
}

export const longestLife = 365 * 24 * 60 * 60_000

export function openTokens({ storage, clock, random }: TokensOptions): Tokens {
  const lookUp = openTokenLookUp(storage)
  return {
    create: async ({ scope, note, life, by }) => {
      checkLife(life)
      const made = makeToken(scope.kind, random)
      const createdAt = clock.now()
      const stored = {
        id: made.id,
        kind: made.kind,
        scope: formatScope(scope),
        hash: made.hash,
        note,
        createdAt,
        createdBy: by,
        expiresAt: createdAt + life,
      }
      await storage.tokens.add(stored)
      return { text: made.text, token: summaryOf({ ...stored, usedAt: null, revokedAt: null }) }
    },
    authenticate: async (text) => {
      const given = parseToken(text)
      const stored = await lookUp.find(given.id)
      // Compared also when there is none, so that an id cannot be told by the time.
      const isSame = isSameSecret(given.hash, stored?.hash ?? '')
      if (stored === undefined || !isSame || !isValid(stored, clock.now())) throw unauthenticated()
      if (isUseDue(stored, clock.now())) await lookUp.noteUse(stored.id, clock.now())
      return { id: stored.id, scope: scopeOf(stored, given.kind) }
    },
    list: async (range) => (await storage.tokens.list(range)).map(summaryOf),
    revoke: async (id) => {
      if (await lookUp.revoke(id, clock.now())) return
      throw new AppError('not-found', `there is no token ${JSON.stringify(id)}`)
    },
  }
}

export function isValid(
  { expiresAt, revokedAt }: Pick<StoredToken, 'expiresAt' | 'revokedAt'>,
  now: number,
): boolean {
  return revokedAt === null && now < expiresAt
}

/** One answer for every reason: who has no token learns nothing about tokens. */
export function unauthenticated(): AppError {
  return new AppError('unauthenticated', 'no token that is valid here was given', {
    hint: 'send it as `Authorization: Bearer TOKEN`; tokens end, and can be revoked',
  })
}

/** A use within this time of the last one is not recorded: it would cost a commit each. */
const useGrain = 60_000

function isUseDue({ usedAt }: StoredToken, now: number): boolean {
  return usedAt === null || now - usedAt > useGrain
}

/** The kind in the token itself is under the hash; what is kept beside that, whoever writes the database can change. */
function scopeOf({ scope }: StoredToken, kind: TokenKind): Scope {
  const parsed = parseScope(scope)
  if (parsed.kind === kind) return parsed
  throw new AppError('state-corrupt', `a token of kind ${kind} has the scope ${scope}`)
}

function checkLife(life: number): void {
  if (life > 0 && life <= longestLife) return
  throw new AppError('request-invalid', `a token cannot live for ${life} ms`, {
    hint: 'between a second and 365 days',
  })
}

function summaryOf(token: StoredToken): TokenSummary {
  const { id, scope, note, createdAt, createdBy, expiresAt, usedAt, revokedAt } = token
  return { id, scope, note, createdAt, createdBy, expiresAt, usedAt, revokedAt }
}
