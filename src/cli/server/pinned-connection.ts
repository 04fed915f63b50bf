import { randomBytes } from 'node:crypto'
import { isIP, type Socket } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'

import { AppError } from '../../errors/index.ts'
import { checkChannelProof, exporterBinding, type ChannelProof } from '../../trust/index.ts'
import { answerTime, unreachable, type WireAnswer, type WireMessage } from './wire.ts'

export interface PinnedServer {
  readonly url: URL
  /** What the server must prove to hold. */
  readonly keyHash: string
  readonly signal: AbortSignal
}

/**
 * Sends a message over a connection that has first been proved to end at the pinned server; the token is not sent
 * before. HTTP by hand, because a client library may change the connection underneath.
 * @throws AppError `identity-mismatch`, `identity-unproved`, `server-unreachable`.
 */
export async function openPinnedConnection(
  server: PinnedServer,
  message: WireMessage,
): Promise<WireAnswer> {
  const { url, signal } = server
  const socket = connectTo(url)
  const stop = (): void => void socket.destroy(abortReason(signal))
  const timer = setTimeout(() => socket.destroy(new Error('no answer in time')), answerTime)
  signal.addEventListener('abort', stop, { once: true })
  try {
    const answers = readAnswers(socket)
    await secured(socket)
    await prove(server, socket, answers)
    write(socket, url, message)
    return await answers()
  } catch (thrown) {
    throw signal.aborted ? abortReason(signal) : unreachable(url, thrown)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
    socket.destroy()
  }
}

function abortReason({ reason }: AbortSignal): Error {
  return reason instanceof Error ? reason : new AppError('aborted', 'stopped')
}

export function connectTo(url: URL): TLSSocket {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const servername = isIP(host) === 0 ? { servername: host } : {}
  // The proof takes the place of the certificate's names and authority.
  return connect({
    host,
    port: Number(url.port || 443),
    rejectUnauthorized: false,
    minVersion: 'TLSv1.3',
    ALPNProtocols: ['http/1.1'],
    ...servername,
  })
}

export function secured(socket: TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('secureConnect', resolve)
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('the connection was closed')))
  })
}

export type Answers = () => Promise<WireAnswer>

export async function prove({ url, keyHash }: PinnedServer, socket: TLSSocket, answers: Answers) {
  const nonce = randomBytes(32)
  const path = `/v1/identity?nonce=${nonce.toString('base64url')}`
  write(socket, url, { method: 'GET', path, headers: {}, body: '' })
  const { status, text } = await answers()
  if (status !== 200) throw new Error(`it proves no identity (${status})`)
  const { proof } = JSON.parse(text) as { proof: ChannelProof }
  const binding = exporterBinding(socket)
  checkChannelProof(proof, { purpose: 'server channel', nonce, binding, about: [] }, keyHash)
}

function write(socket: TLSSocket, url: URL, { method, path, headers, body }: WireMessage): void {
  const length = Buffer.byteLength(body)
  const lines = Object.entries({ host: url.host, ...headers, 'content-length': String(length) })
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  socket.write(`${method} ${path} HTTP/1.1\r\n${head}\r\n${body}`)
}

const mostBytes = 16 * 1024 * 1024

function ignore(): void {
  // Nobody waits yet.
}

/** Takes answers off the connection one by one; the server always tells their length. */
export function readAnswers(socket: Socket): Answers {
  let bytes = Buffer.alloc(0)
  let failure: Error | undefined
  let wake = ignore
  const fail = (error: Error): void => {
    failure ??= error
    wake()
  }
  socket.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk])
    if (bytes.length > mostBytes) fail(new Error('its answer is too large'))
    wake()
  })
  socket.on('error', fail)
  socket.on('close', () => fail(new Error('the connection was closed')))
  return async () => {
    for (;;) {
      const taken = takeAnswer(bytes)
      if (taken !== undefined) {
        bytes = bytes.subarray(taken.length)
        return taken.answer
      }
      if (failure !== undefined) throw failure
      await new Promise<void>((resolve) => (wake = resolve))
    }
  }
}

function takeAnswer(bytes: Buffer): { answer: WireAnswer; length: number } | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  if (end === -1) return undefined
  const head = bytes.toString('latin1', 0, end)
  const [, status] = /^HTTP\/1\.1 (\d{3})/.exec(head) ?? []
  const isInterim = status?.startsWith('1') === true
  const told = /\r\ncontent-length: *(\d{1,9})(\r\n|$)/i.exec(head)?.[1]
  // `100 Continue` is a head alone.
  const size = isInterim ? '0' : told
  if (status === undefined || size === undefined) throw new Error('it does not speak HTTP/1.1')
  const length = end + 4 + Number(size)
  if (bytes.length < length) return undefined
  return {
    answer: { status: Number(status), text: bytes.toString('utf8', end + 4, length) },
    length,
  }
}
