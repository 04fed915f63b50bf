import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { joinAgent } from '../../../test/support/agent-under-test.ts'
import { afterwards } from '../../../test/support/afterwards.ts'
import { serverUnderTest } from '../../../test/support/control-server.ts'
import { manualClock } from '../../../test/support/manual-clock.ts'
import { temporaryFolder } from '../../../test/support/temp-folder.ts'
import { openRelayDoor } from './relay-door.ts'
import { defaultFetchPolicy, openRelay } from './relay.ts'
import { noWall } from './wall.ts'

const joinable = { origin: 'https://agents.test' }
const content = 'content of a file'
const digest = createHash('sha256').update(content).digest('hex')

/** A web server of one file that counts who asks for it. */
async function upstream(t: TestContext) {
  const state = {
    asked: 0,
    answer: (_request: IncomingMessage, response: ServerResponse): void =>
      void response.end(content),
  }
  const server = createServer((request, response) => {
    state.asked += 1
    state.answer(request, response)
  })
  await new Promise<void>((ready) => void server.listen(0, '127.0.0.1', ready))
  afterwards(t, () => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { state, url: `http://127.0.0.1:${port}` }
}

async function relaying(t: TestContext) {
  const { state, url } = await upstream(t)
  const relay = { origins: [`${url}/files/`], allowPrivate: true }
  const under = await serverUnderTest(t, { relay, ...joinable })
  const { server, admin } = under
  const agent = (await joinAgent(under)).session
  const get = async (wanted: string, more: { digest?: string; headers?: object } = {}) => {
    const encoded = Buffer.from(wanted).toString('base64url')
    const query = `url=${encoded}${more.digest === undefined ? '' : `&digest=${more.digest}`}`
    const answer = await fetch(`${server.url}/v1/relay?${query}`, {
      headers: { authorization: `Bearer ${agent}`, ...more.headers },
    })
    const text = await answer.text()
    const { headers, status } = answer
    return { status, text, headers, code: /"code":"([^"]*)"/.exec(text)?.[1] }
  }
  return { state, url, get, server, admin }
}

test('a file is fetched for an agent, once for everybody who knows its digest', async (t) => {
  const { state, url, get } = await relaying(t)
  const file = `${url}/files/a?b=1`
  const answers = await Promise.all(Array.from({ length: 5 }, () => get(file, { digest })))
  for (const { status, text } of answers) assert.deepEqual([status, text], [200, content])
  // Under another address it is the same file.
  assert.equal((await get(`${url}/files/other`, { digest })).text, content)
  assert.equal(state.asked, 1)
})

test('parts are answered, and a part of another fetch is not mixed in', async (t) => {
  const { url, get } = await relaying(t)
  const file = `${url}/files/a`
  const whole = await get(file)
  const etag = whole.headers.get('etag') ?? ''
  const part = await get(file, { headers: { range: 'bytes=8-', 'if-range': etag } })
  assert.deepEqual([part.status, part.text], [206, content.slice(8)])
  const other = await get(file, { headers: { range: 'bytes=8-', 'if-range': '"x"' } })
  assert.deepEqual([other.status, other.text], [200, content])
})

test('what is not listed is refused, also when it is here, and so are other bytes and failures', async (t) => {
  const { state, url, get, admin, server } = await relaying(t)
  await get(`${url}/files/a`, { digest })
  for (const outside of [
    `${url}/other`,
    'http://127.0.0.1:1/files/',
    'file:///etc/passwd',
    `${url}/files/%2e%2e/x`,
  ])
    assert.deepEqual((await get(outside, { digest })).status, 403, outside)
  const wrong = await get(`${url}/files/b`, { digest: 'a'.repeat(64) })
  assert.deepEqual([wrong.status, wrong.code], [422, 'digest-mismatch'])
  state.answer = (_request, response) => void response.writeHead(404).end('none')
  assert.deepEqual((await get(`${url}/files/c`)).status, 502)
  state.answer = (_request, response) => void response.end(content)
  assert.equal((await get(`${url}/files/c`)).status, 200)
  const headers = { authorization: `Bearer ${admin}` }
  assert.equal((await fetch(`${server.url}/v1/relay?url=aaaa`, { headers })).status, 403)
})

test('without a relay in the settings nothing is fetched for anybody', async (t) => {
  const under = await serverUnderTest(t, joinable)
  const encoded = Buffer.from('http://127.0.0.1/').toString('base64url')
  const { session } = await joinAgent(under)
  const answer = await under.ask(session, 'GET', `/v1/relay?url=${encoded}`)
  assert.equal(answer.status, 404)
})

test('who waits too long is told to ask again, and finds what was fetched meanwhile', async (t) => {
  const { state, url } = await upstream(t)
  const release = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<void>()
  state.answer = (_request, response) => {
    begun.resolve()
    void release.promise.then(() => response.end(content))
  }
  const clock = manualClock()
  const relay = openRelay({
    directory: join(temporaryFolder(t), 'relay'),
    limits: { bytes: 1e9, fileBytes: 1e9, age: 1e12, free: 0 },
    wall: noWall,
    clock,
    policy: { ...defaultFetchPolicy, deadline: 1e12 },
  })
  const door = openRelayDoor({ relay, clock, patience: 1000 })
  afterwards(t, () => door.close())
  const early = assert.rejects(door.open({ url, digest: undefined }), { code: 'still-fetching' })
  await begun.promise
  await clock.advance(1000)
  await early
  const again = door.open({ url, digest: undefined })
  release.resolve()
  const file = await again
  assert.deepEqual([file.size, state.asked], [content.length, 1])
  file.release()
  // After a minute it is asked for anew.
  await clock.advance(60_001)
  const later = await door.open({ url, digest: undefined })
  assert.equal(state.asked, 2)
  later.release()
})
