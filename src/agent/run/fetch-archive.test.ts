import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { afterwards } from '../../../test/support/afterwards.ts'
import { fakeAgentServer, send } from '../../../test/support/fake-agent-server.ts'
import { fakeHostDoor } from '../../../test/support/fake-host-door.ts'
import { temporaryFolder } from '../../../test/support/temp-folder.ts'
import { waitUntil } from '../../../test/support/wait-until.ts'
import { systemClock } from '../../system/index.ts'
import { openServerLine, type ServerLine } from '../server/server-line.ts'
import { openSession } from '../server/session.ts'
import { openAgentState, requireMembership } from '../state/agent-state.ts'
import { fetchArchive } from './fetch-archive.ts'
import { runAgent } from './run-agent.ts'

const content = randomBytes(3 * 1024 * 1024)
const digest = createHash('sha256').update(content).digest('hex')
const wanted = { digest, size: content.length }

type Serve = (from: number, outgoing: ServerResponse) => void

async function lineTo(t: TestContext, serve: Serve): Promise<ServerLine> {
  const server = await fakeAgentServer(t, (incoming, outgoing) =>
    serveBy(serve, incoming, outgoing),
  )
  const signal = new AbortController().signal
  const [state, membership] = [openAgentState(server.state), requireMembership(server.state)]
  const onSkew = (): void => undefined
  const session = openSession({ state, membership, clock: systemClock, signal, onSkew })
  const line = openServerLine({ server, session, signal })
  afterwards(t, () => line.close())
  return line
}

function serveBy(serve: Serve, incoming: IncomingMessage, outgoing: ServerResponse): boolean {
  if (incoming.url !== `/v1/agent/releases/${digest}`) return false
  const [, from = '0'] = /^bytes=(\d+)-$/.exec(incoming.headers.range ?? '') ?? []
  serve(Number(from), outgoing)
  return true
}

const serveRest: Serve = (from, outgoing) => {
  const rest = content.subarray(from)
  const range = `bytes ${from}-${content.length - 1}/${content.length}`
  const headers = { 'content-length': rest.length, ...(from > 0 && { 'content-range': range }) }
  outgoing.writeHead(from > 0 ? 206 : 200, headers).end(rest)
}

test('a download that was cut off goes on where it was', async (t) => {
  const begins: number[] = []
  const line = await lineTo(t, (from, outgoing) => {
    begins.push(from)
    if (begins.length > 1) return serveRest(from, outgoing)
    outgoing.writeHead(200, { 'content-length': content.length })
    return outgoing.write(content.subarray(0, 1_000_000), () => outgoing.socket?.end())
  })
  const folder = temporaryFolder(t)
  await assert.rejects(fetchArchive(line, folder, wanted), { code: 'server-unreachable' })
  const path = await fetchArchive(line, folder, wanted)
  assert.equal(begins.length, 2)
  assert.ok((begins[1] ?? 0) > 0, 'it began anew')
  assert.ok(readFileSync(path).equals(content))
  // The connection is still in step with its answers.
  assert.equal(await fetchArchive(line, folder, wanted), path)
})

test('a server that sends the whole in place of the rest is taken as it is', async (t) => {
  const line = await lineTo(t, (_from, outgoing) => serveRest(0, outgoing))
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, digest), 'another beginning')
  assert.ok(readFileSync(await fetchArchive(line, folder, wanted)).equals(content))
})

test('another content is not kept, nor built upon', async (t) => {
  const line = await lineTo(t, serveRest)
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, digest), randomBytes(1000))
  await assert.rejects(fetchArchive(line, folder, wanted), { code: 'archive-invalid' })
  assert.ok(readFileSync(await fetchArchive(line, folder, wanted)).equals(content))
})

test('never more is written than the host wants', async (t) => {
  const line = await lineTo(t, (_from, outgoing) => {
    outgoing.writeHead(200, { 'content-length': 10 * content.length })
    outgoing.write(content)
  })
  const folder = temporaryFolder(t)
  await assert.rejects(fetchArchive(line, folder, wanted), { code: 'archive-invalid' })
  assert.equal(readFileSync(join(folder, digest)).length, 0)
})

test('what the server refuses with is told', async (t) => {
  const refusal = { error: { code: 'not-found', message: 'no such release' } }
  const line = await lineTo(t, (_from, outgoing) => send(outgoing, 404, refusal))
  const fetching = fetchArchive(line, temporaryFolder(t), wanted)
  await assert.rejects(fetching, { code: 'not-found', message: 'no such release' })
})

test('what the host wants is fetched, offered and gone, and an archive that cannot be had keeps no other', async (t) => {
  const server = await fakeAgentServer(t, (incoming, outgoing) => {
    if (incoming.url === `/v1/agent/releases/${'0'.repeat(64)}`) {
      send(outgoing, 404, { error: { code: 'not-found', message: 'x' } })
      return true
    }
    return incoming.url === '/v1/agent/poll' || serveBy(serveRest, incoming, outgoing)
  })
  const hostSocket = join(temporaryFolder(t), 'host.sock')
  const host = await fakeHostDoor(t, hostSocket)
  let offered: Buffer | undefined
  host.onOffer = ({ path }) => {
    offered = readFileSync(path)
    return true
  }
  const stopping = new AbortController()
  const options = { state: server.state, hostSocket, clock: systemClock, log: () => undefined }
  const ended = runAgent({ ...options, signal: stopping.signal })
  afterwards(t, async () => {
    stopping.abort()
    await ended
  })
  host.want([{ digest: '0'.repeat(64), size: 5 }, wanted])
  await waitUntil(() => host.offers.length === 1, 'an offer')
  assert.ok(offered?.equals(content))
  await waitUntil(() => !existsSync(host.offers[0]?.path ?? ''), 'its removal')
})
