import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { TLSSocket } from 'node:tls'

import { keepMembership, openAgentState } from '../../src/agent/state/agent-state.ts'
import {
  createTlsDoor,
  exporterBinding,
  keepCertificate,
  makePrivateKey,
  parseIdentity,
  proveOverChannel,
} from '../../src/trust/index.ts'
import { afterwards } from './afterwards.ts'
import { temporaryFolder } from './temp-folder.ts'

/** Answers what is asked beyond identity, nonce and login; true when it did. */
export type AnswerAgent = (incoming: IncomingMessage, outgoing: ServerResponse) => boolean

/** A server that proves its key and lets every agent in, and answers the rest as a test wants. */
export interface FakeAgentServer {
  readonly url: URL
  readonly keyHash: string
  readonly asked: readonly string[]
  /** A state directory of an agent of this server. */
  readonly state: string
}

export async function fakeAgentServer(
  t: Pick<TestContext, 'after'>,
  answer: AnswerAgent,
): Promise<FakeAgentServer> {
  const folder = temporaryFolder(t)
  const identity = parseIdentity(makePrivateKey(randomBytes), 'a test')
  const asked: string[] = []
  const http = createServer((incoming, outgoing) => {
    const path = incoming.url ?? ''
    asked.push(path.split('?')[0] ?? '')
    // Asked for whatever else, it must let its caller send the next request.
    incoming.resume()
    if (answer(incoming, outgoing)) return
    send(outgoing, 200, usualAnswer(path, incoming.socket as TLSSocket))
  })
  function usualAnswer(path: string, socket: TLSSocket): object {
    if (path.startsWith('/v1/identity')) {
      const nonce = Buffer.from(path.split('nonce=')[1] ?? '', 'base64url')
      const claim = { nonce, binding: exporterBinding(socket), about: [] }
      return { proof: proveOverChannel(identity, { purpose: 'server channel', ...claim }) }
    }
    if (path === '/v1/agent/nonce') return { nonce: randomBytes(32).toString('base64url') }
    const joinState = { agent: 'a', counter: 1, nonce: 'n', signature: 's' }
    const at = Date.now()
    return { session: 'sls_x', expires: at + 900_000, at, joinState }
  }
  const certificate = { names: ['127.0.0.1'], now: Date.now(), random: randomBytes }
  const door = createTlsDoor(http, keepCertificate(join(folder, 'tls.pem'), certificate))
  const sockets = new Set<Socket>()
  door.server.on('connection', (socket: Socket) => sockets.add(socket))
  await new Promise<void>((resolve) => door.server.listen(0, '127.0.0.1', resolve))
  afterwards(t, async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => door.server.close(resolve))
  })
  const url = new URL(`https://127.0.0.1:${(door.server.address() as AddressInfo).port}`)
  const state = join(folder, 'agent')
  openAgentState(state)
  const { keyHash } = identity
  const member = { isBehindProxy: false, agent: 'a', name: 'a' }
  keepMembership(state, { url: url.origin, keyHash, ...member })
  return { url, keyHash, asked, state }
}

export function send(outgoing: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body)
  outgoing.writeHead(status, { 'content-length': Buffer.byteLength(text) }).end(text)
}
