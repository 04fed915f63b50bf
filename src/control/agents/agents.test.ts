import assert from 'node:assert/strict'
import test from 'node:test'

import {
  enrol,
  joinAgent,
  joinToken,
  login,
  loginAgain,
  loginBody,
  newIdentity,
  takeNonce,
} from '../../../test/support/agent-under-test.ts'
import { serverUnderTest, type ServerUnderTest } from '../../../test/support/control-server.ts'
import { waitUntil } from '../../../test/support/wait-until.ts'

const behindProxy = { origin: 'https://agents.test' }
const fromNothing = { epoch: null, revision: 0, wait: 0 }

test('an agent gets the labels of its token, and the same key and token are the same agent', async (t) => {
  const under = await serverUnderTest(t, behindProxy)
  const token = await joinToken(under, { labels: { app: 'shop', env: 'prod' } })
  const [identity, name] = [newIdentity(), 'web-1']
  const first = await enrol(under, { identity, token, name })
  const again = await enrol(under, { identity, token, name })
  assert.deepEqual([first.status, again.status], [201, 200])
  assert.deepEqual(again.body, first.body)
  assert.deepEqual(first.body['labels'], { app: 'shop', env: 'prod' })
  const other = await enrol(under, { identity: newIdentity(), token, name: 'web-2' })
  assert.deepEqual([other.status, codeOf(other.body)], [401, 'join-token-refused'])
  const list = await under.ask(under.admin, 'GET', '/v1/agents')
  assert.equal((list.body['agents'] as unknown[]).length, 1)
})

test('a join token that is revoked, over, misspelled or unknown lets nobody in, all alike', async (t) => {
  const under = await serverUnderTest(t, behindProxy)
  const revoked = await joinToken(under, {})
  await under.ask(under.admin, 'DELETE', `/v1/join-tokens/${revoked.split('_')[1] ?? ''}`)
  const elsewhere = await joinToken(await serverUnderTest(t, behindProxy), {})
  for (const token of [revoked, elsewhere]) {
    const answer = await enrol(under, { identity: newIdentity(), token, name: 'x' })
    assert.deepEqual([answer.status, codeOf(answer.body)], [401, 'join-token-refused'])
  }
  const misspelled = await enrol(under, { identity: newIdentity(), token: 'slj_', name: 'x' })
  assert.equal(misspelled.status, 401)
})

test('two agents cannot have one name or one key', async (t) => {
  const under = await serverUnderTest(t, behindProxy)
  const one = await joinAgent(under)
  const token = await joinToken(under, { uses: 5 })
  const sameName = await enrol(under, { identity: newIdentity(), token, name: one.name })
  assert.equal(codeOf(sameName.body), 'agent-exists')
  const sameKey = await enrol(under, { identity: one.identity, token, name: 'two' })
  assert.equal(codeOf(sameKey.body), 'agent-exists')
})

test('a proof counts for its nonce, its server and its minute only', async (t) => {
  const under = await serverUnderTest(t, behindProxy)
  const agent = await joinAgent(under)
  const made = Buffer.alloc(32).toString('base64url')
  const foreign = await takeNonce(await serverUnderTest(t, behindProxy))
  for (const nonce of [made, foreign]) {
    const answer = await under.ask(
      '',
      'POST',
      '/v1/agent/login',
      await loginBody(under, agent, nonce),
    )
    assert.deepEqual([answer.status, codeOf(answer.body)], [401, 'identity-unproved'])
  }
  const body = await loginBody(under, agent)
  const another = { ...body, nonce: await takeNonce(under) }
  assert.equal((await under.ask('', 'POST', '/v1/agent/login', another)).status, 401)
  const stranger = await login(under, { ...agent, identity: newIdentity() })
  assert.deepEqual([stranger.status, codeOf(stranger.body)], [403, 'agent-unknown'])
  await loginAgain(under, agent)
})

test('a login that is sent again as it was gets no session and harms nobody', async (t) => {
  const under = await serverUnderTest(t, behindProxy)
  const agent = await joinAgent(under)
  const body = await loginBody(under, agent)
  const first = await under.ask('', 'POST', '/v1/agent/login', body)
  assert.equal(first.status, 200)
  const replayed = await under.ask('', 'POST', '/v1/agent/login', body)
  assert.deepEqual([replayed.status, codeOf(replayed.body)], [401, 'identity-unproved'])
  Object.assign(agent, { joinState: first.body['joinState'] })
  await loginAgain(under, agent)
})

test('a copy of an agent stops both of them at once, and the audit log says so', async (t) => {
  const under = await serverUnderTest(t, behindProxy)
  const agent = await joinAgent(under)
  const copy = { ...agent }
  await loginAgain(under, agent)
  const held = poll(under, agent.session, { ...(await upToDate(under, agent.session)), wait: 25 })
  await waitUntil(() => heldPolls(under))
  await loginAgain(under, agent)
  const begun = performance.now()
  const refused = await login(under, copy)
  assert.deepEqual([refused.status, codeOf(refused.body)], [403, 'agent-quarantined'])
  assert.deepEqual([(await held).status, codeOf((await held).body)], [401, 'session-ended'])
  assert.ok(performance.now() - begun < 15_000, 'it came by the time-out')
  assert.equal(codeOf((await login(under, agent)).body), 'agent-quarantined')
  assert.equal((await poll(under, agent.session, fromNothing)).status, 401)
  const audit = await under.ask(under.admin, 'GET', '/v1/audit')
  assert.match(audit.text, /quarantine-agent/)
})

test('an answer to a login that was lost is no copy', async (t) => {
  const under = await serverUnderTest(t, behindProxy)
  const agent = await joinAgent(under)
  assert.equal((await login(under, agent)).status, 200)
  await loginAgain(under, agent)
  await loginAgain(under, agent)
})

test('a poll is answered at once when the host has another state, and held when it has this one', async (t) => {
  const under = await serverUnderTest(t, behindProxy)
  const { session } = await joinAgent(under)
  const first = await poll(under, session, fromNothing)
  const { epoch, revision } = first.body['desired'] as { epoch: string; revision: number }
  assert.deepEqual([epoch.startsWith(`${under.server.epoch}.`), revision], [true, 1])
  const same = await poll(under, session, { epoch, revision, wait: 1 })
  assert.deepEqual(Object.keys(same.body), ['at'])
  const another = await poll(under, session, { epoch: 'another', revision, wait: 25 })
  assert.ok(another.body['desired'] !== undefined)
})

test('the numbers of a machine that has joined anew are those of another life', async (t) => {
  const under = await serverUnderTest(t, behindProxy)
  const [first, second] = [await joinAgent(under), await joinAgent(under, { name: 'two' })]
  const known = await upToDate(under, first.session)
  // Its host still has the numbers of the agent that it was.
  const anew = await poll(under, second.session, { ...known, revision: 57, wait: 25 })
  const desired = anew.body['desired'] as { epoch: string } | undefined
  assert.notEqual(desired?.epoch ?? known.epoch, known.epoch)
})

test('a removed agent has its held poll ended, no session and no way back', async (t) => {
  const under = await serverUnderTest(t, behindProxy)
  const agent = await joinAgent(under)
  const held = poll(under, agent.session, { ...(await upToDate(under, agent.session)), wait: 25 })
  await waitUntil(() => heldPolls(under))
  const begun = performance.now()
  assert.equal((await under.ask(under.admin, 'DELETE', '/v1/agents/one')).status, 200)
  assert.equal((await held).status, 401)
  assert.ok(performance.now() - begun < 15_000)
  assert.equal(codeOf((await login(under, agent)).body), 'agent-unknown')
  assert.equal((await under.ask(under.admin, 'DELETE', '/v1/agents/one')).status, 404)
})

test('reports count once each, and the last one that shows the host is listed', async (t) => {
  const under = await serverUnderTest(t, behindProxy)
  const { session } = await joinAgent(under)
  const report = (number: number) => ({
    number,
    at: 1,
    body: { kind: 'observed', apps: [], version: `0.${number}.0`, freeBytes: 1 },
  })
  const send = async (...numbers: readonly number[]) => {
    const body = { reports: numbers.map(report) }
    return (await under.ask(session, 'POST', '/v1/agent/reports', body)).body['upTo']
  }
  assert.equal(await send(), 0)
  assert.equal(await send(1, 2), 2)
  assert.equal(await send(1, 2, 3), 3)
  assert.equal(await send(2), 3)
  const list = await under.ask(under.admin, 'GET', '/v1/agents')
  const [agent] = list.body['agents'] as { version: string }[]
  assert.equal(agent?.version, '0.3.0')
})

test('an agent is renamed, and names stay unique', async (t) => {
  const under = await serverUnderTest(t, behindProxy)
  await joinAgent(under, { name: 'one' })
  await joinAgent(under, { name: 'two' })
  const rename = (name: string) => under.ask(under.admin, 'POST', '/v1/agents/one/name', { name })
  assert.equal((await rename('two')).status, 409)
  assert.equal((await rename('three')).status, 200)
  assert.equal((await rename('four')).status, 404)
})

test('agents have no tokens', async (t) => {
  const { ask, admin } = await serverUnderTest(t)
  const made = await ask(admin, 'POST', '/v1/tokens', { scope: 'agent', life: '1h' })
  assert.deepEqual([made.status, codeOf(made.body)], [400, 'request-invalid'])
})

async function poll({ ask }: ServerUnderTest, session: string, body: object) {
  return await ask(session, 'POST', '/v1/agent/poll', body)
}

async function upToDate(under: ServerUnderTest, session: string) {
  const { body } = await poll(under, session, fromNothing)
  const { epoch, revision } = body['desired'] as { epoch: string; revision: number }
  return { epoch, revision }
}

async function heldPolls({ ask, admin }: ServerUnderTest): Promise<boolean> {
  return (await ask(admin, 'GET', '/metrics')).text.includes('sluice_agent_polls 1')
}

function codeOf(body: Readonly<Record<string, unknown>>): unknown {
  return (body['error'] as { readonly code?: unknown } | undefined)?.code
}
