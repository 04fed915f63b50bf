import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'

import type { LoginAnswer } from '../../src/protocol/index.ts'
import {
  makePrivateKey,
  originBinding,
  parseIdentity,
  proveOverChannel,
  type Identity,
} from '../../src/trust/index.ts'
import type { Asked, ServerUnderTest } from './control-server.ts'

/** An agent as the server knows it, over plain HTTP behind the origin that the server was told. */
export interface AgentUnderTest {
  readonly identity: Identity
  readonly id: string
  readonly name: string
  session: string
  /** What the next login shows. */
  joinState: LoginAnswer['joinState'] | null
}

const origin = originBinding(new URL('https://agents.test'))

/** For a server with `origin: https://agents.test`: makes a join token, enrols and logs in. */
export async function joinAgent(
  under: ServerUnderTest,
  { name = 'one', labels = {} }: { readonly name?: string; readonly labels?: object } = {},
): Promise<AgentUnderTest> {
  const identity = newIdentity()
  const token = await joinToken(under, { labels })
  const enrolled = await enrol(under, { identity, token, name })
  assert.equal(enrolled.status, 201, enrolled.text)
  const id = String(enrolled.body['agent'])
  const agent = { identity, id, name, session: '', joinState: null }
  await loginAgain(under, agent)
  return agent
}

export function newIdentity(): Identity {
  return parseIdentity(makePrivateKey(randomBytes), 'a test')
}

export async function joinToken({ ask, admin }: ServerUnderTest, body: object): Promise<string> {
  const made = await ask(admin, 'POST', '/v1/join-tokens', body)
  assert.equal(made.status, 201, made.text)
  return String(made.body['text'])
}

export async function takeNonce({ ask }: ServerUnderTest): Promise<string> {
  return String((await ask('', 'POST', '/v1/agent/nonce')).body['nonce'])
}

export async function enrol(
  under: ServerUnderTest,
  given: {
    readonly identity: Identity
    readonly token: string
    readonly name: string
    readonly nonce?: string
  },
): Promise<Asked> {
  const { identity, token, name } = given
  const nonce = given.nonce ?? (await takeNonce(under))
  const about = [token.split('_')[1] ?? '', under.server.identity.keyHash]
  const claim = { nonce: Buffer.from(nonce, 'base64url'), binding: origin, about }
  const proof = proveOverChannel(identity, { purpose: 'agent enrolment', ...claim })
  return await under.ask('', 'POST', '/v1/agent/enrol', { token, name, nonce, proof })
}

/** What an agent sends to log in, with a nonce of its own unless given. */
export async function loginBody(
  under: ServerUnderTest,
  agent: Pick<AgentUnderTest, 'identity' | 'id' | 'joinState'>,
  given?: string,
): Promise<object> {
  const nonce = given ?? (await takeNonce(under))
  const about = [agent.id, under.server.identity.keyHash]
  const claim = { nonce: Buffer.from(nonce, 'base64url'), binding: origin, about }
  const proof = proveOverChannel(agent.identity, { purpose: 'agent login', ...claim })
  return { agent: agent.id, nonce, proof, joinState: agent.joinState }
}

export async function login(
  under: ServerUnderTest,
  agent: Pick<AgentUnderTest, 'identity' | 'id' | 'joinState'>,
): Promise<Asked> {
  return await under.ask('', 'POST', '/v1/agent/login', await loginBody(under, agent))
}

export async function loginAgain(under: ServerUnderTest, agent: AgentUnderTest): Promise<void> {
  const answer = await login(under, agent)
  assert.equal(answer.status, 200, answer.text)
  const { session, joinState } = answer.body as unknown as LoginAnswer
  Object.assign(agent, { session, joinState })
}
