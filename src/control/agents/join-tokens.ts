import { AppError } from '../../errors/index.ts'
import type { Clock, Secret } from '../../system/index.ts'
import { makeJoinToken, type Identity } from '../../trust/index.ts'
import type { AgentLabels } from '../storage/agent-records.ts'
import type { StoredJoinToken } from '../storage/join-token-records.ts'
import type { Storage } from '../storage/storage.ts'

export interface JoinTokenRequest {
  readonly labels: AgentLabels
  readonly uses: number
  /** Milliseconds. */
  readonly within: number
  readonly by: string
}

/** Tokens by which machines become agents. */
export interface JoinTokens {
  /** The only time that the token itself is seen. */
  create(
    request: JoinTokenRequest,
  ): Promise<{ readonly text: Secret; readonly token: JoinTokenSummary }>
  list(range: { readonly after: string; readonly limit: number }): Promise<JoinTokenSummary[]>
  /** @throws AppError `not-found`. */
  revoke(id: string): Promise<void>
}

/** Without anything that lets a token be made of it. */
export type JoinTokenSummary = Omit<StoredJoinToken, 'hash'>

export interface JoinTokensOptions {
  readonly storage: Pick<Storage, 'joinTokens'>
  readonly identity: Identity
  readonly clock: Clock
  readonly random: (length: number) => Buffer
}

export function openJoinTokens({
  storage,
  identity,
  clock,
  random,
}: JoinTokensOptions): JoinTokens {
  return {
    create: async ({ labels, uses, within, by }) => {
      const { id, hash, text } = makeJoinToken(identity.keyHash, random)
      const createdAt = clock.now()
      const token = {
        id,
        hash,
        labels,
        usesLeft: uses,
        createdAt,
        createdBy: by,
        expiresAt: createdAt + within,
      }
      await storage.joinTokens.add(token)
      return { text, token: summaryOf({ ...token, revokedAt: null }) }
    },
    list: async (range) => (await storage.joinTokens.list(range)).map(summaryOf),
    revoke: async (id) => {
      if (await storage.joinTokens.revoke(id, clock.now())) return
      throw new AppError('not-found', `there is no join token ${JSON.stringify(id)}`)
    },
  }
}

function summaryOf({ hash: _hash, ...rest }: StoredJoinToken): JoinTokenSummary {
  return rest
}
