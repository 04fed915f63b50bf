import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import { Agent, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import test, { type TestContext } from 'node:test'
import type { TLSSocket } from 'node:tls'

import { afterwards } from '../../test/support/afterwards.ts'
import {
  checkChannelProof,
  exporterBinding,
  originBinding,
  proveOverChannel,
  type ChannelBinding,
  type ChannelClaim,
  type ChannelProof,
} from './channel.ts'
import { identityOf } from './identity.ts'
import { makeCertificate } from './tls/make-certificate.ts'
import { createTlsDoor } from './tls/tls-door.ts'

const server = identityOf(Buffer.alloc(32, 1))
const impostor = identityOf(Buffer.alloc(32, 2))
const value = Buffer.alloc(32, 7)
const claim: ChannelClaim = {
  purpose: 'server channel',
  nonce: Buffer.alloc(32, 9),
  binding: { kind: 'exporter', value },
  about: ['agent-7', 'x'],
}

test('a proof is good for the very claim it was made for', () => {
  const proof = proveOverChannel(server, claim)
  assert.equal(checkChannelProof(proof, claim, server.keyHash).id, server.id)
})

const otherClaims: readonly (readonly [what: string, change: Partial<ChannelClaim>])[] = [
  ['another nonce', { nonce: Buffer.alloc(32, 8) }],
  ['another connection', { binding: { kind: 'exporter', value: Buffer.alloc(32, 6) } }],
  ['another purpose', { purpose: 'agent login' }],
  ['another agent', { about: ['agent-8', 'x'] }],
  ['fewer facts', { about: ['agent-7'] }],
  ['facts in another order', { about: ['x', 'agent-7'] }],
  ['facts run together', { about: ['agent-7x'] }],
  [
    'an address instead of a connection',
    { binding: { kind: 'origin', value: value.toString('latin1') } },
  ],
]

for (const [what, change] of otherClaims) {
  test(`a proof is worth nothing for ${what}`, () => {
    const proof = proveOverChannel(server, { ...claim, ...change })
    assert.throws(() => checkChannelProof(proof, claim, server.keyHash), {
      code: 'identity-unproved',
    })
  })
}

test('another key than the pinned one is named beside it, even when its proof is good', () => {
  const proof = proveOverChannel(impostor, claim)
  assert.throws(() => checkChannelProof(proof, claim, server.keyHash), {
    code: 'identity-mismatch',
    message: `expected key ${server.keyHash}, was shown ${impostor.keyHash}`,
  })
  const pretended = { ...proof, publicKey: server.publicKey }
  assert.throws(() => checkChannelProof(pretended, claim, server.keyHash), {
    code: 'identity-unproved',
  })
})

test('a signature that is none proves nothing', () => {
  const proof = proveOverChannel(server, claim)
  for (const signature of ['', 'x', proof.signature.slice(1), `${proof.signature}=`, ' ']) {
    assert.throws(() => checkChannelProof({ ...proof, signature }, claim, server.keyHash), {
      code: 'identity-unproved',
    })
  }
})

test('a nonce of another length is a mistake of ours on either side', () => {
  const short = { ...claim, nonce: Buffer.alloc(31) }
  assert.throws(() => proveOverChannel(server, short), RangeError)
})

test('behind a proxy the address that was called is proved, with its scheme and port', () => {
  const at = (url: string): ChannelClaim => ({ ...claim, binding: originBinding(new URL(url)) })
  const proof = proveOverChannel(server, at('https://deploy.example.com/agents'))
  const fits = (url: string) => checkChannelProof(proof, at(url), server.keyHash)
  assert.equal(fits('https://DEPLOY.example.com:443/other?x').id, server.id)
  for (const other of [
    'http://deploy.example.com',
    'https://deploy.example.com:8443',
    'https://evil.example.com',
  ]) {
    assert.throws(() => fits(other), { code: 'identity-unproved' })
  }
})

test('without TLS 1.3 there is nothing to bind a proof to', async (t) => {
  assert.throws(() => exporterBinding({}), { code: 'channel-unbound' })
  const port = await listen(
    t,
    createServer((_incoming, outgoing) => outgoing.end('x')),
  )
  const old = await ask(port, 'TLSv1.2')
  assert.throws(old.bind, { code: 'channel-unbound' })
})

test('both ends of a connection get the same binding, and each connection another', async (t) => {
  const port = await listen(t, provingServer())
  const [first, second] = [await ask(port), await ask(port)]
  assert.equal(check(first), server.id)
  assert.equal(check(second), server.id)
  assert.notDeepEqual(first.bind(), second.bind())
})

test('whoever relays the connection cannot relay the proof', async (t) => {
  const port = await listen(t, provingServer())
  const relay = createServer((_incoming, outgoing) => {
    void ask(port).then(({ text }) => outgoing.end(text))
  })
  const relayed = await ask(await listen(t, relay))
  assert.equal((JSON.parse(relayed.text) as ChannelProof).publicKey, server.publicKey)
  assert.throws(() => check(relayed), { code: 'identity-unproved' })
})

interface Answer {
  readonly text: string
  bind(): ChannelBinding
}

function provingServer(): Server {
  return createServer((incoming, outgoing) => {
    const binding = exporterBinding(incoming.socket as TLSSocket)
    outgoing.end(JSON.stringify(proveOverChannel(server, { ...claim, binding })))
  })
}

function check({ text, bind }: Answer): string {
  const proof = JSON.parse(text) as ChannelProof
  return checkChannelProof(proof, { ...claim, binding: bind() }, server.keyHash).id
}

async function listen(t: TestContext, http: Server): Promise<number> {
  const names = ['127.0.0.1']
  const pem = makeCertificate({ names, now: Date.now(), random: randomBytes })
  const door = createTlsDoor(http, pem)
  await new Promise<void>((resolve) => door.server.listen(0, '127.0.0.1', resolve))
  afterwards(t, () => {
    http.closeAllConnections()
    door.server.close()
  })
  return (door.server.address() as AddressInfo).port
}

/** Asks over a connection of its own. */
async function ask(port: number, maxVersion: 'TLSv1.2' | 'TLSv1.3' = 'TLSv1.3'): Promise<Answer> {
  return await new Promise((resolve, reject) => {
    const agent = new Agent({ maxCachedSessions: 0 })
    const options = { host: '127.0.0.1', port, rejectUnauthorized: false, maxVersion, agent }
    const outgoing = request(options, (incoming) => {
      const socket = incoming.socket as TLSSocket
      const bind = remembered(socket)
      let text = ''
      incoming.on('data', (chunk: Buffer) => (text += chunk.toString()))
      incoming.on('end', () => resolve({ text, bind }))
    })
    outgoing.on('error', reject)
    outgoing.end()
  })
}

/** The binding as it is now: a closed connection has none. */
function remembered(socket: TLSSocket): () => ChannelBinding {
  try {
    const binding = exporterBinding(socket)
    return () => binding
  } catch (error) {
    return () => {
      throw error
    }
  }
}
