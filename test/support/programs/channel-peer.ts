import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'

import {
  checkChannelProof,
  createTlsDoor,
  exporterBinding,
  keepCertificate,
  proveOverChannel,
  readIdentity,
  type ChannelProof,
} from '../../../src/trust/index.ts'

// Two ends that prove their identities to each other over TLS: `channel-peer serve FOLDER PIN` prints its port,
// `channel-peer call FOLDER PIN PORT` prints who answered, or the code of the refusal. FOLDER has an identity.pem.

interface Hello {
  readonly nonce: string
  readonly proof?: ChannelProof
}

const [mode, folder = '', pin = '', port] = process.argv.slice(2)
const self = readIdentity(join(folder, 'identity.pem'))

if (mode === 'serve') serve()
else void call()

function serve(): void {
  const nonces = new WeakMap<object, Buffer>()
  const http = createServer((incoming, outgoing) => {
    void answer(incoming, nonces).then((text) => outgoing.end(text))
  })
  const names = ['localhost', '127.0.0.1']
  const file = join(folder, 'tls.pem')
  const door = createTlsDoor(
    http,
    keepCertificate(file, { names, now: Date.now(), random: randomBytes }),
  )
  door.server.listen(0, '127.0.0.1', () => {
    console.log((door.server.address() as AddressInfo).port)
  })
}

/** First proves itself over the caller's nonce and gives its own, then checks the proof over that. */
async function answer(incoming: IncomingMessage, nonces: WeakMap<object, Buffer>): Promise<string> {
  if (incoming.method === 'GET') return 'hello'
  const binding = exporterBinding(incoming.socket as TLSSocket)
  const hello = JSON.parse(await readAll(incoming)) as Hello
  const own = nonces.get(incoming.socket) ?? randomBytes(32)
  nonces.set(incoming.socket, own)
  if (hello.proof !== undefined) {
    const claim = { purpose: 'agent login', nonce: own, binding, about: [self.keyHash] } as const
    return codeOf(() => checkChannelProof(hello.proof ?? never(), claim, pin).id)
  }
  const nonce = Buffer.from(hello.nonce, 'base64url')
  const claim = { purpose: 'server channel', nonce, binding, about: [] } as const
  const proof = proveOverChannel(self, claim)
  return JSON.stringify({ nonce: own.toString('base64url'), proof } satisfies Hello)
}

async function call(): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const nonce = randomBytes(32)
  const first = await post(agent, { nonce: nonce.toString('base64url') })
  const { binding } = first
  const hello = JSON.parse(first.text) as Required<Hello>
  const claim = { purpose: 'server channel', nonce, binding, about: [] } as const
  const server = codeOf(() => checkChannelProof(hello.proof, claim, pin).id)
  const proof = proveOverChannel(self, {
    purpose: 'agent login',
    nonce: Buffer.from(hello.nonce, 'base64url'),
    binding,
    about: [pin],
  })
  const second = await post(agent, { nonce: '', proof })
  agent.destroy()
  console.log(JSON.stringify({ server, agent: second.text }))
}

async function post(agent: Agent, hello: Hello) {
  return await new Promise<{ text: string; binding: ReturnType<typeof exporterBinding> }>(
    (resolve, reject) => {
      const options = { host: '127.0.0.1', port, method: 'POST', rejectUnauthorized: false, agent }
      const outgoing = request(options, (incoming) => {
        const binding = exporterBinding(incoming.socket as TLSSocket)
        readAll(incoming).then((text) => resolve({ text, binding }), reject)
      })
      outgoing.on('error', reject)
      outgoing.end(JSON.stringify(hello))
    },
  )
}

async function readAll(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

function codeOf(work: () => string): string {
  try {
    return work()
  } catch (error) {
    return (error as { code: string }).code
  }
}

function never(): never {
  throw new Error('no proof')
}
