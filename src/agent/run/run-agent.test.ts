import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { afterwards } from '../../../test/support/afterwards.ts'
import { fakeAgentServer, send } from '../../../test/support/fake-agent-server.ts'
import type { AnswerAgent } from '../../../test/support/fake-agent-server.ts'
import { fakeHostDoor, type FakeHost } from '../../../test/support/fake-host-door.ts'
import { temporaryFolder } from '../../../test/support/temp-folder.ts'
import { waitUntil } from '../../../test/support/wait-until.ts'
import { AppError } from '../../errors/index.ts'
import { systemClock } from '../../system/index.ts'
import { runAgent } from './run-agent.ts'

// The agent's own process is in test/scenarios; here it runs inside the test, against servers that misbehave.

interface Running {
  readonly host: FakeHost
  readonly asked: () => readonly string[]
  readonly failures: () => readonly string[]
  readonly ended: Promise<unknown>
  readonly state: string
}

async function running(t: TestContext, answer: AnswerAgent): Promise<Running> {
  const server = await fakeAgentServer(t, answer)
  const hostSocket = join(temporaryFolder(t), 'host.sock')
  const host = await fakeHostDoor(t, hostSocket)
  const stopping = new AbortController()
  const failures: string[] = []
  const log = (message: string, { loop = '', code = '' }: Record<string, unknown>): void => {
    if (message === 'failed') failures.push(`${String(loop)} ${String(code)}`)
  }
  const options = { state: server.state, hostSocket, clock: systemClock, log }
  const ended = runAgent({ ...options, signal: stopping.signal }).catch((thrown: unknown) => thrown)
  afterwards(t, async () => {
    stopping.abort()
    await ended
  })
  return { host, asked: () => server.asked, failures: () => failures, ended, state: server.state }
}

const isPoll = ({ url }: { readonly url?: string | undefined }): boolean => url === '/v1/agent/poll'

const garbage: readonly (readonly [what: string, answer: (outgoing: ServerResponse) => void])[] = [
  ['500', (outgoing) => send(outgoing, 500, { error: { code: 'bug', message: 'x' } })],
  ['502 in HTML', (outgoing) => sendText(outgoing, 502, '<html>bad gateway</html>')],
  ['a page of HTML', (outgoing) => sendText(outgoing, 200, '<html>log in here</html>')],
  ['nothing in a 200', (outgoing) => sendText(outgoing, 200, '')],
  [
    'a redirect',
    (outgoing) => outgoing.writeHead(302, { location: '/', 'content-length': 0 }).end(),
  ],
  ['another object', (outgoing) => send(outgoing, 200, { desired: { apps: 'all' } })],
  ['nothing new, at once', (outgoing) => send(outgoing, 200, { at: 1 })],
  ['a line cut off', (outgoing) => void outgoing.socket?.destroy()],
]

for (const [what, answer] of garbage) {
  test(`a server that answers ${what} is asked again after a pause, and the host is told nothing`, async (t) => {
    const { host, asked, failures } = await running(t, (incoming, outgoing) => {
      if (isPoll(incoming)) answer(outgoing)
      return isPoll(incoming)
    })
    const begun = performance.now()
    const polls = (): number => asked().filter((path) => path === '/v1/agent/poll').length
    await waitUntil(() => polls() >= 3, 'three polls')
    // Two pauses of at least 100 ms each; without them it would be hundreds by now.
    assert.ok(performance.now() - begun >= 200)
    assert.deepEqual(host.desired, [])
    assert.match(failures()[0] ?? '', /^poll (server-unreachable|bug)$/)
  })
}

test('a pause that the server asks for is kept', async (t) => {
  const { asked } = await running(t, (incoming, outgoing) => {
    if (!isPoll(incoming)) return false
    outgoing.writeHead(503, { 'retry-after': '2', 'content-length': 0 }).end()
    return true
  })
  const polls = (): number => asked().filter((path) => path === '/v1/agent/poll').length
  await waitUntil(() => polls() === 1)
  const begun = performance.now()
  await waitUntil(() => polls() === 2)
  assert.ok(performance.now() - begun >= 1900)
})

test('a session that the server ends is replaced, without a pause', async (t) => {
  let refused = 0
  const { asked } = await running(t, (incoming, outgoing) => {
    if (!isPoll(incoming)) return false
    if (refused++ === 0) send(outgoing, 401, { error: { code: 'session-ended', message: 'x' } })
    return true
  })
  await waitUntil(() => asked().filter((path) => path === '/v1/agent/poll').length === 2)
  assert.equal(asked().filter((path) => path === '/v1/agent/login').length, 2)
})

for (const code of ['agent-unknown', 'agent-quarantined'] as const) {
  test(`an agent that is told ${code} ends`, async (t) => {
    const { ended } = await running(t, (incoming, outgoing) => {
      if (incoming.url !== '/v1/agent/login') return false
      send(outgoing, 403, { error: { code, message: 'x' } })
      return true
    })
    assert.equal(((await ended) as AppError).code, code)
  })
}

test('a report that the server can never take is replaced by one that says so', async (t) => {
  const taken: { number: number; body: { kind: string; message: string } }[] = []
  const { host } = await running(t, (incoming, outgoing) => {
    if (isPoll(incoming)) return true
    if (incoming.url !== '/v1/agent/reports') return false
    let text = ''
    incoming.on('data', (chunk: Buffer) => (text += chunk.toString()))
    incoming.on('end', () => {
      if (text.includes('poison'))
        return send(outgoing, 400, { error: { code: 'request-invalid', message: 'bad' } })
      const { reports } = JSON.parse(text) as { reports: typeof taken }
      taken.push(...reports)
      return send(outgoing, 200, { upTo: reports.at(-1)?.number ?? 0 })
    })
    return true
  })
  const alarm = (message: string) => ({ kind: 'alarm', code: 'x', message }) as const
  host.report(alarm('one'), alarm('poison'), alarm('three'))
  await waitUntil(() => host.acknowledged() === 3, 'all three')
  assert.deepEqual(
    taken.map(({ number }) => number),
    [1, 2, 3],
  )
  assert.match(taken[1]?.body.message ?? '', /did not take a report of kind alarm: bad/)
})

function sendText(outgoing: ServerResponse, status: number, text: string): void {
  outgoing.writeHead(status, { 'content-length': text.length }).end(text)
}
