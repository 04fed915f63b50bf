import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import test, { type TestContext } from 'node:test'

import { afterwards } from '../../../test/support/afterwards.ts'
import { serverUnderTest } from '../../../test/support/control-server.ts'
import { fleetAgent } from '../../../test/support/fleet-agent.ts'
import { manualClock } from '../../../test/support/manual-clock.ts'
import { publishSample } from '../../../test/support/publish-sample.ts'
import { systemClock } from '../../system/index.ts'
import { sendEvents } from '../server/send-events.ts'
import { watchEvents } from '../server/watch-events.ts'
import { unauthenticated } from '../access/tokens.ts'
import { formatEventId, parseEventId } from './event-id.ts'
import { openEventStream } from './event-stream.ts'
import type { NumberedSource } from './numbered-source.ts'

interface Shown {
  readonly id: string
  readonly event: string
  readonly data: Readonly<Record<string, unknown>>
}

/** A reader of server-sent events, as far as these tests need one. */
async function follow(
  t: TestContext,
  url: string,
  token: string,
  { lastId, path = '/v1/events' }: { readonly lastId?: string; readonly path?: string } = {},
) {
  const leaving = new AbortController()
  afterwards(t, () => leaving.abort())
  const answer = await fetch(`${url}${path}`, {
    signal: leaving.signal,
    headers: {
      authorization: `Bearer ${token}`,
      ...(lastId === undefined ? {} : { 'last-event-id': lastId }),
    },
  })
  assert.equal(answer.headers.get('content-type'), 'text/event-stream; charset=utf-8')
  const chunks = answer.body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  const nextBlock = async (): Promise<string | undefined> => {
    for (;;) {
      const end = text.indexOf('\n\n')
      if (end !== -1) {
        const block = text.slice(0, end)
        text = text.slice(end + 2)
        return block
      }
      const read = await chunks?.read()
      if (read?.done !== false) return undefined
      text += read.value
    }
  }
  return { nextBlock, leave: () => leaving.abort() }
}

function shown(block: string | undefined): Shown {
  const fields = Object.fromEntries(
    (block ?? '').split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2)),
  ) as Record<string, string>
  const { id = '', event = '', data = '{}' } = fields
  return { id, event, data: JSON.parse(data) as Shown['data'] }
}

test('a reader hears of each raise once, also of those while it was away', async (t) => {
  const { server, admin, ask, token } = await serverUnderTest(t)
  const ci = await token('trigger:shop,blog')
  const first = await follow(t, server.url, admin)
  await first.nextBlock()
  await ask(ci, 'POST', '/v1/triggers/shop')
  const raised = shown(await first.nextBlock())
  assert.equal(raised.event, 'trigger-raised')
  const { trigger, sequence, source } = raised.data
  assert.deepEqual([trigger, sequence, source], ['shop', 1, 'token'])
  first.leave()
  for (const name of ['shop', 'blog', 'shop']) await ask(ci, 'POST', `/v1/triggers/${name}`)
  const again = await follow(t, server.url, admin, { lastId: raised.id })
  await again.nextBlock()
  const missed = []
  for (let count = 0; count < 3; count++) missed.push(shown(await again.nextBlock()))
  const pairs = missed.map(({ data }) => `${String(data['trigger'])} ${String(data['sequence'])}`)
  assert.deepEqual(pairs.toSorted(), ['blog 1', 'shop 2', 'shop 3'])
  assert.ok(pairs.indexOf('shop 2') < pairs.indexOf('shop 3'))
  // The last id stands for all that was sent before it.
  const last = await follow(t, server.url, admin, { lastId: missed.at(-1)?.id ?? '' })
  await last.nextBlock()
  await ask(ci, 'POST', '/v1/triggers/blog')
  assert.equal(shown(await last.nextBlock()).data['sequence'], 2)
})

test('a reader of another life of the database is told to forget, and goes on from now', async (t) => {
  const { server, admin, ask, token } = await serverUnderTest(t)
  const ci = await token('trigger:shop')
  await ask(ci, 'POST', '/v1/triggers/shop')
  const id = formatEventId({ epoch: 'another', numbers: { 'trigger:shop': 0 } })
  const reader = await follow(t, server.url, admin, { lastId: id })
  const text = await reader.nextBlock()
  assert.match(text ?? '', /event: reset/)
  await ask(ci, 'POST', '/v1/triggers/shop')
  assert.equal(shown(await reader.nextBlock()).data['sequence'], 2)
  const bad = await fetch(`${server.url}/v1/events`, {
    headers: { authorization: `Bearer ${admin}`, 'last-event-id': 'x' },
  })
  assert.equal(bad.status, 400)
})

test('streams end when the server does, and none keeps it waiting', async (t) => {
  const { server, admin } = await serverUnderTest(t)
  const reader = await follow(t, server.url, admin)
  await reader.nextBlock()
  const begun = performance.now()
  await server.close()
  assert.equal(await reader.nextBlock(), undefined)
  assert.ok(performance.now() - begun < 4500)
})

test('a deployment is followed from its beginning, and gone on with after what was seen', async (t) => {
  const under = await serverUnderTest(t, { origin: 'https://agents.test' })
  const { server, admin, ask, folder } = under
  const host = await fleetAgent(under, 'web-1')
  const digest = await publishSample(server.url, admin, { folder, name: 'shop' })
  const fetched = await ask(host.agent.session, 'GET', `/v1/agent/releases/${digest}`)
  assert.deepEqual([fetched.status, fetched.headers.get('etag')], [200, `"sha256:${digest}"`])
  const to = { app: 'shop', env: 'production' }
  const made = await ask(admin, 'POST', '/v1/deployments', { app: 'shop', to, reason: 'a test' })
  assert.equal(made.status, 201, made.text)
  const path = `/v1/deployments/${String(made.body['id'])}/stream`
  await host.follow('committed')
  const first = await follow(t, server.url, admin, { path })
  await first.nextBlock()
  const [one, two] = [shown(await first.nextBlock()), shown(await first.nextBlock())]
  assert.deepEqual([one.event, one.data['number'], two.data['number']], ['deployment-event', 1, 2])
  first.leave()
  const again = await follow(t, server.url, admin, { path, lastId: one.id })
  await again.nextBlock()
  assert.deepEqual(shown(await again.nextBlock()), two)
})

function silentSource(): NumberedSource {
  return {
    name: 'silent',
    latest: async () => await Promise.resolve(7),
    read: async () => await Promise.resolve([]),
    wait: (_after, { signal }) =>
      new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true })),
  }
}

test('in silence a comment is sent every 15 seconds, and leaving ends what is waited for', async () => {
  const clock = manualClock()
  const stream = await openEventStream({
    epoch: 'e',
    sources: [silentSource()],
    lastId: undefined,
    clock,
    signal: new AbortController().signal,
    isOpen: () => true,
  })
  const texts = stream[Symbol.asyncIterator]()
  const first = String((await texts.next()).value)
  const [, id = ''] = /id: (\S+)/.exec(first) ?? []
  assert.deepEqual(parseEventId(id), { epoch: 'e', numbers: { silent: 7 } })
  const next = texts.next()
  await clock.advance(15_000)
  assert.equal((await next).value, ':\n\n')
  await texts.return?.()
})

test('a stream ends soon after its token is no longer valid', async () => {
  const clock = manualClock()
  let isValid = true
  let ended = 0
  async function* ticks() {
    for (;;) {
      await clock.advance(6000)
      yield 'tick'
    }
  }
  const watched = watchEvents(ticks(), {
    clock,
    authenticate: async () => {
      if (!isValid) throw unauthenticated()
      await Promise.resolve()
    },
    onEnd: () => void (ended += 1),
  })
  let count = 0
  for await (const text of watched) {
    assert.equal(text, 'tick')
    count += 1
    if (count === 5) isValid = false
  }
  assert.ok(count <= 7, String(count))
  assert.equal(ended, 1)
})

test('a reader who does not read is let go, and what waits for it is bounded', async (t) => {
  let produced = 0
  async function* many() {
    for (;;) {
      produced += 1
      yield 'x'.repeat(16 * 1024)
      await systemClock.sleep(0)
    }
  }
  const done = Promise.withResolvers<void>()
  const server = createServer((_incoming, outgoing) => {
    sendEvents(outgoing, many(), 200).then(done.resolve, done.reject)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.on('error', () => undefined)
  afterwards(t, () => {
    socket.destroy()
    server.close()
  })
  socket.pause()
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await done.promise
  // What both kernels hold for the two sockets, and little more.
  assert.ok(produced * 16 < 32 * 1024, `${produced} pieces`)
})
