import { randomBytes } from 'node:crypto'
import { isIP } from 'node:net'
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'

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
  readonly keyHash: string
  /** A declared proxy ends TLS: its certificate must be one that this machine trusts. */
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
  isOpen(): boolean
  close(): void
}

export type TakeBody<Result> = (
  head: WireHead & { readonly length: number },
  body: AsyncIterable<Buffer>,
) => Promise<Result>

/**
 * Connects, and has the server prove its key over this very connection before anything else is sent. HTTP by hand, because a
 * client library may change the connection underneath.
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
    await secured(socket)
    const answers = readAnswers(socket)
    const binding = server.isBehindProxy ? originBinding(server.url) : exporterBinding(socket)
    await prove(server, socket, { answers, binding })
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
      isOpen: () => !socket.destroyed && socket.writable,
      close: () => socket.destroy(),
    }
  })
}

function open({ url, isBehindProxy = false }: PinnedServer): TLSSocket {
  if (isBehindProxy) trustSystemRoots()
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const name: ConnectionOptions = isIP(host) === 0 ? { servername: host } : {}
  return connect({
    host,
    port: Number(url.port || 443),
    // Without a proxy the proof takes the place of the certificate's names and authority.
    rejectUnauthorized: isBehindProxy,
    minVersion: isBehindProxy ? 'TLSv1.2' : 'TLSv1.3',
    ALPNProtocols: ['http/1.1'],
    ...name,
  })
}

function secured(socket: TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('secureConnect', resolve)
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('the connection was closed')))
  })
}

type Exchange = <Result>(
  limits: WireLimits,
  work: (alive: () => void) => Promise<Result>,
) => Promise<Result>

/** Runs what is said on a connection within its time; one that failed in the middle is of no more use. */
function exchangerOf(url: URL, socket: TLSSocket): Exchange {
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

async function prove(
  { url, keyHash }: PinnedServer,
  socket: TLSSocket,
  { answers, binding }: { readonly answers: AnswerReader; readonly binding: ChannelBinding },
): Promise<void> {
  const nonce = randomBytes(32)
  const path = `/v1/identity?nonce=${nonce.toString('base64url')}`
  write(socket, url, { method: 'GET', path, headers: {}, body: '' })
  const { status, text } = await answers.whole()
  if (status !== 200) throw new Error(`it proves no identity (${status})`)
  const { proof } = JSON.parse(text) as { proof: ChannelProof }
  checkChannelProof(proof, { purpose: 'server channel', nonce, binding, about: [] }, keyHash)
}

function write(socket: TLSSocket, url: URL, { method, path, headers, body }: WireMessage): void {
  const length = Buffer.byteLength(body)
  const lines = Object.entries({ host: url.host, ...headers, 'content-length': String(length) })
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  socket.write(`${method} ${path} HTTP/1.1\r\n${head}\r\n${body}`)
}
