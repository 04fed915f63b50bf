import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect as connectPlain, isIP, type Socket } from 'node:net'
import { connect as connectTls, TLSSocket, type ConnectionOptions } from 'node:tls'

import { AppError } from '../../errors/index.ts'
import { trustSystemRoots } from '../../system/index.ts'
import { checkChannelProof, exporterBinding, originBinding } from '../channel.ts'
import type { ChannelBinding, ChannelProof } from '../channel.ts'
import { readAnswers, type AnswerReader } from './read-answers.ts'
import { unreachable, type WireAnswer, type WireHead } from './wire.ts'
import type { WireLimits, WireMessage } from './wire.ts'

/** Where a server is and what it must prove to hold. */
export interface PinnedServer {
  readonly url: URL
  /** Without one nothing is proved, and its certificate must be one that this machine trusts. */
  readonly keyHash: string | undefined
  /** A declared proxy ends TLS: its certificate must be trusted as well. */
  readonly isBehindProxy?: boolean
}

/** A connection that was proved to end at the pinned server. One request at a time. */
export interface ServerConnection {
  /** What proofs over this connection are bound to. */
  readonly binding: ChannelBinding
  /** @throws AppError `server-unreachable`, retryable; the connection is closed then. */
  ask(message: WireMessage, limits: WireLimits): Promise<WireAnswer>
  /** As `ask`, with the body as a stream that must be read to its end. */
  stream<Result>(message: WireMessage, limits: WireLimits, take: TakeBody<Result>): Promise<Result>
  /** Sends a body piece by piece once the server has asked for it; `timeout` is the longest silence. */
  upload(message: UploadMessage, limits: WireLimits): Promise<WireAnswer>
  isOpen(): boolean
  close(): void
}

export type UploadMessage = Omit<WireMessage, 'body'> & {
  readonly size: number
  readonly pieces: AsyncIterable<Buffer>
}

export type TakeBody<Result> = (
  head: WireHead & { readonly length: number },
  body: AsyncIterable<Buffer>,
) => Promise<Result>

/**
 * Connects, and has a pinned server prove its key over this very connection before anything else is sent. HTTP by hand, because
 * a client library may change the connection underneath.
 * @throws AppError `identity-mismatch`, `identity-unproved`, `server-unreachable`.
 */
export async function connectToServer(
  server: PinnedServer,
  limits: WireLimits,
): Promise<ServerConnection> {
  const socket = open(server)
  // Whoever reads or writes next meets it.
  socket.on('error', () => undefined)
  const exchange = exchangerOf(server.url, socket)
  return await exchange(limits, async () => {
    await once(socket, socket instanceof TLSSocket ? 'secureConnect' : 'connect')
    const answers = readAnswers(socket)
    const binding = bindingOf(server, socket)
    if (server.keyHash !== undefined)
      await prove(server.url, socket, { answers, binding, keyHash: server.keyHash })
    return {
      binding,
      ask: (message, asked) =>
        exchange(asked, async () => {
          write(socket, server.url, message)
          return await answers.whole()
        }),
      stream: (message, asked, take) =>
        exchange(asked, async (alive) => {
          write(socket, server.url, message)
          const head = await answers.head()
          return await take(head, watched(answers.body(head.length), alive))
        }),
      upload: (message, asked) =>
        exchange(asked, async (alive) => {
          const headers = { ...message.headers, expect: '100-continue' }
          writeHead(socket, server.url, { ...message, headers, length: message.size })
          // Anything else than "go on" is the answer: it is there already, or not wanted.
          if (!(await answers.isAskedToGoOn())) return await answers.whole()
          await sendPieces(socket, message.pieces, alive)
          return await answers.whole()
        }),
      isOpen: () => !socket.destroyed && socket.writable,
      close: () => socket.destroy(),
    }
  })
}

function open({ url, keyHash, isBehindProxy = false }: PinnedServer): Socket {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (url.protocol === 'http:') return connectPlain({ host, port: Number(url.port || 80) })
  // Where nothing else ends TLS, the proof takes the place of the certificate's names and authority.
  const isProved = keyHash !== undefined && !isBehindProxy
  if (!isProved) trustSystemRoots()
  const name: ConnectionOptions = isIP(host) === 0 ? { servername: host } : {}
  return connectTls({
    host,
    port: Number(url.port || 443),
    rejectUnauthorized: !isProved,
    minVersion: isProved ? 'TLSv1.3' : 'TLSv1.2',
    ALPNProtocols: ['http/1.1'],
    ...name,
  })
}

function bindingOf({ url, keyHash, isBehindProxy = false }: PinnedServer, socket: Socket) {
  const isProved = keyHash !== undefined && !isBehindProxy
  return isProved ? exporterBinding(socket as TLSSocket) : originBinding(url)
}

type Exchange = <Result>(
  limits: WireLimits,
  work: (alive: () => void) => Promise<Result>,
) => Promise<Result>

/** Runs what is said on a connection within its time; one that failed in the middle is of no more use. */
function exchangerOf(url: URL, socket: Socket): Exchange {
  return async ({ timeout, signal }, work) => {
    let failure: Error | undefined
    const end = (error: Error): void => {
      failure ??= error
      socket.destroy(error)
    }
    const stop = (): void => end(abortReason(signal))
    const late = setTimeout(() => end(new Error(`no answer within ${timeout} ms`)), timeout)
    signal.addEventListener('abort', stop, { once: true })
    try {
      if (signal.aborted) stop()
      return await work(() => void late.refresh())
    } catch (thrown) {
      socket.destroy()
      throw signal.aborted ? abortReason(signal) : unreachable(url, failure ?? thrown)
    } finally {
      clearTimeout(late)
      signal.removeEventListener('abort', stop)
    }
  }
}

async function* watched(body: AsyncIterable<Buffer>, alive: () => void): AsyncGenerator<Buffer> {
  for await (const chunk of body) {
    alive()
    yield chunk
  }
}

function abortReason({ reason }: AbortSignal): Error {
  return reason instanceof Error ? reason : new AppError('aborted', 'stopped')
}

interface Proving {
  readonly answers: AnswerReader
  readonly binding: ChannelBinding
  readonly keyHash: string
}

async function prove(
  url: URL,
  socket: Socket,
  { answers, binding, keyHash }: Proving,
): Promise<void> {
  const nonce = randomBytes(32)
  const path = `/v1/identity?nonce=${nonce.toString('base64url')}`
  write(socket, url, { method: 'GET', path, headers: {}, body: '' })
  const { status, text } = await answers.whole()
  if (status !== 200) throw new Error(`it proves no identity (${status})`)
  const { proof } = JSON.parse(text) as { proof: ChannelProof }
  checkChannelProof(proof, { purpose: 'server channel', nonce, binding, about: [] }, keyHash)
}

function write(socket: Socket, url: URL, message: WireMessage): void {
  writeHead(socket, url, { ...message, length: Buffer.byteLength(message.body) })
  if (message.body !== '') socket.write(message.body)
}

function writeHead(
  socket: Socket,
  { host }: URL,
  { method, path, headers, length }: Omit<WireMessage, 'body'> & { readonly length: number },
): void {
  const lines = Object.entries({ host, ...headers, 'content-length': String(length) })
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  socket.write(`${method} ${path} HTTP/1.1\r\n${head}\r\n`)
}

/** Ends without an error when the server has ended the connection: what it said counts. */
async function sendPieces(
  socket: Socket,
  pieces: AsyncIterable<Buffer>,
  alive: () => void,
): Promise<void> {
  const gone = new AbortController()
  socket.once('close', () => gone.abort())
  for await (const piece of pieces) {
    if (socket.destroyed) return
    if (!socket.write(piece))
      await once(socket, 'drain', { signal: gone.signal }).catch((thrown: unknown) => {
        if (!gone.signal.aborted) throw thrown
      })
    alive()
  }
}
