import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'

import { afterwards } from '../../../test/support/afterwards.ts'
import { fakeAgentServer, send } from '../../../test/support/fake-agent-server.ts'
import { manualClock } from '../../../test/support/manual-clock.ts'
import { openAgentState, requireMembership } from '../state/agent-state.ts'
import { openServerLine, type ServerLine } from './server-line.ts'
import { openSession } from './session.ts'
import { readUpTo } from './server-answers.ts'

const life = 15 * 60_000
const as = { read: readUpTo, timeout: 20_000 }

async function site(t: TestContext, ahead = 0) {
  const clock = manualClock()
  let logins = 0
  const server = await fakeAgentServer(t, (incoming, outgoing) => {
    if (incoming.url === '/reports') send(outgoing, 200, { upTo: 0 })
    if (incoming.url !== '/v1/agent/login') return incoming.url === '/reports'
    logins += 1
    const at = clock.now() + ahead
    const joinState = { agent: 'a', counter: logins, nonce: 'n', signature: 's' }
    send(outgoing, 200, { session: `sls_${logins}`, expires: at + life, at, joinState })
    return true
  })
  const signal = new AbortController().signal
  const skews: number[] = []
  const [state, membership] = [openAgentState(server.state), requireMembership(server.state)]
  const onSkew = (skew: number): void => void skews.push(skew)
  const session = openSession({ state, membership, clock, signal, onSkew })
  const line = (): ServerLine => {
    const opened = openServerLine({ server, session, signal })
    afterwards(t, () => opened.close())
    return opened
  }
  return { clock, line, skews, state: server.state, logins: () => logins }
}

test('connections that need a session at once share one login', async (t) => {
  const { line, logins, state } = await site(t)
  await Promise.all(Array.from({ length: 5 }, () => line().ask('/reports', {}, as)))
  assert.equal(logins(), 1)
  assert.equal(openAgentState(state).joinState()?.counter, 1)
})

test('a session is replaced before it ends, by a clock that does not jump', async (t) => {
  const { clock, line, logins } = await site(t, -3 * 60 * 60_000)
  const one = line()
  await one.ask('/reports', {}, as)
  await clock.advance(life - 60_001)
  await one.ask('/reports', {}, as)
  assert.equal(logins(), 1)
  await clock.advance(1)
  await one.ask('/reports', {}, as)
  assert.equal(logins(), 2)
})

test('how far the clocks are apart is told at each login', async (t) => {
  const { line, skews } = await site(t, 7 * 60_000)
  await line().ask('/reports', {}, as)
  assert.deepEqual(skews, [7 * 60_000])
})
