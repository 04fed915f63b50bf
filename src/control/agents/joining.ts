import { AppError } from '../../errors/index.ts'
import type { EnrolRequest, LoginAnswer, LoginRequest } from '../../protocol/index.ts'
import type { Clock, RandomText } from '../../system/index.ts'
import { checkChannelProof, parseJoinToken, readPublicIdentity } from '../../trust/index.ts'
import type { ChannelBinding, ChannelProof, Identity } from '../../trust/index.ts'
import type { EnrolResult, LoginRecord, StoredAgent } from '../storage/agent-records.ts'
import type { Storage } from '../storage/storage.ts'
import { openBatches } from '../triggers/batches.ts'
import { openAdmission } from './admission.ts'
import { judgeLogin, type LoginVerdict, type ShownLogin } from './judge-login.ts'
import { openNonces, type Nonces } from './nonces.ts'
import { sessionLife, type Sessions } from './sessions.ts'

/** How machines become agents and agents get their sessions. */
export interface Joining {
  /** 32 bytes for one proof, within a minute. */
  nonce(): Buffer
  /**
   * Makes an agent of whoever proves a key and has a join token. The same two again are the same agent.
   * @throws AppError `join-token-refused`, `token-invalid`, `identity-unproved`, `agent-exists`, `key-invalid`.
   */
  enrol(request: EnrolRequest, binding: ChannelBinding): Promise<Enrolled>
  /** @throws AppError `agent-unknown`, `agent-quarantined`, `identity-unproved`; BusyError. */
  login(request: LoginRequest, binding: ChannelBinding): Promise<LoggedIn>
  close(): Promise<void>
}

export interface Enrolled {
  readonly agent: StoredAgent
  readonly isRepeat: boolean
}

export type LoggedIn =
  | { readonly kind: 'in'; readonly answer: LoginAnswer }
  /** This login has shown that the key is on two machines. */
  | { readonly kind: 'quarantined'; readonly reason: string }

export interface JoiningOptions {
  readonly storage: Storage
  readonly identity: Identity
  readonly clock: Clock
  readonly random: (length: number) => Buffer
  readonly randomText: RandomText
}

/** Logins in one transaction; at work and waiting at a time. */
const largestBatch = 100
const limits = { atOnce: 200, waiting: 2000 }

export function openJoining(options: JoiningOptions, sessions: Sessions): Joining {
  const nonces = openNonces(options)
  const logins = openBatches(decider(options), { largest: largestBatch })
  const admission = openAdmission(limits)
  return {
    nonce: () => nonces.make(),
    enrol: async (request, binding) => {
      const { id, hash } = parseJoinToken(request.token)
      const about = [id, options.identity.keyHash]
      const proved = prove(nonces, request, { purpose: 'agent enrolment', binding, about })
      const agent = { id: options.randomText(16), name: request.name, at: options.clock.now() }
      const { publicKey } = proved
      const enrolment = { token: { id, hash }, ...agent, publicKey }
      return enrolled(request.name, await options.storage.agents.enrol(enrolment))
    },
    login: (request, binding) =>
      admission.run(async () => {
        const { agent } = request
        const about = [agent, options.identity.keyHash]
        const proved = prove(nonces, request, { purpose: 'agent login', binding, about })
        const joinState = request.joinState ?? undefined
        return loggedIn(agent, await logins.submit({ agent, ...proved, joinState }), {
          ...options,
          sessions,
        })
      }),
    close: () => logins.close(),
  }
}

/** Whose key was proved with a nonce of ours. Whether it may, is decided by what is kept of it. */
function prove(
  nonces: Nonces,
  request: { readonly nonce: string; readonly proof: ChannelProof },
  claim: {
    readonly purpose: 'agent enrolment' | 'agent login'
    readonly binding: ChannelBinding
    readonly about: readonly string[]
  },
): { readonly publicKey: string; readonly nonce: Buffer } {
  const nonce = Buffer.from(request.nonce, 'base64url')
  if (!nonces.isFresh(nonce))
    throw new AppError('identity-unproved', 'the nonce is not one of the last minute')
  const { keyHash, publicKey } = readPublicIdentity(request.proof.publicKey)
  checkChannelProof(request.proof, { ...claim, nonce }, keyHash)
  return { publicKey, nonce }
}

function loggedIn(
  agent: string,
  verdict: LoginVerdict,
  { clock, sessions }: { readonly clock: Clock; readonly sessions: Sessions },
): LoggedIn {
  if (verdict.kind === 'quarantine') return { kind: 'quarantined', reason: verdict.reason }
  if (verdict.kind !== 'in') throw refusedLogin(verdict.kind, agent)
  const at = clock.now()
  const expires = at + sessionLife
  const session = sessions.make({ agent, expires })
  return { kind: 'in', answer: { session, expires, at, joinState: verdict.joinState } }
}

/** Decides many logins in one transaction: one flush of the disk for all of them. */
function decider({ storage, identity: server, clock, random }: JoiningOptions) {
  return async (batch: readonly ShownLogin[]): Promise<readonly LoginVerdict[]> => {
    const verdicts: LoginVerdict[] = batch.map(() => ({ kind: 'unknown' }))
    const decided = batch.map((shown, index) => ({
      agent: shown.agent,
      at: clock.now(),
      decide: (record: LoginRecord | undefined) => {
        const verdict = judgeLogin(shown, record, { server, random })
        verdicts[index] = verdict
        return 'record' in verdict ? verdict.record : undefined
      },
    }))
    await storage.agents.login(decided)
    return verdicts
  }
}

function enrolled(name: string, result: EnrolResult): Enrolled {
  switch (result.kind) {
    case 'enrolled':
      return { agent: result.agent, isRepeat: result.isRepeat }
    case 'token-refused':
      // One answer for every reason: who has no token learns nothing about tokens.
      throw new AppError('join-token-refused', 'the join token is not valid here', {
        hint: 'it may be used up, over or revoked; `sluice join-token` makes another',
      })
    case 'name-taken':
      throw new AppError('agent-exists', `agent ${result.by} has the name "${name}"`, {
        hint: 'give another --name, or remove that agent',
      })
    case 'key-taken':
      throw new AppError('agent-exists', `this key belongs to agent "${result.by}" already`, {
        hint: 'remove that agent, or enrol with another --state directory',
      })
  }
}

function refusedLogin(kind: 'unknown' | 'quarantined' | 'stale', agent: string): AppError {
  if (kind === 'stale')
    return new AppError('identity-unproved', 'the nonce is older than that of the last login')
  if (kind === 'quarantined') return quarantined(agent)
  return new AppError('agent-unknown', `this server knows no agent ${agent} with this key`, {
    hint: 'it was removed, or enrolled elsewhere; enrol it anew',
  })
}

export function quarantined(agent: string): AppError {
  return new AppError('agent-quarantined', `agent ${agent} logged in from two machines`, {
    hint: 'find out which is the copy, `sluice agent remove` it, and enrol the true one anew',
  })
}
