import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { connect as connectPlain, isIP, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'

import { ioError, type Secret } from '../../system/index.ts'
import { connectTo, prove, readAnswers, secured } from './pinned-connection.ts'
import { answerTime, unreachable, type WireAnswer } from './wire.ts'

export interface UploadedFile {
  readonly path: string
  readonly size: number
  /** Hears how many bytes are on their way. */
  readonly onProgress: (done: number) => void
}

interface Server {
  readonly url: URL
  /** Proved before the token is sent; without one the certificate must be trusted. */
  readonly keyHash: string | undefined
  readonly signal: AbortSignal
}

interface Upload {
  readonly path: string
  readonly token: Secret
  readonly file: UploadedFile
}

/**
 * Sends a file by PUT once the server has asked for it, holding no more of it than a piece.
 * @throws AppError `server-unreachable`, `identity-mismatch`, `identity-unproved`, `io-failed`.
 */
export async function uploadFile(server: Server, upload: Upload): Promise<WireAnswer> {
  const { url, keyHash, signal } = server
  const socket = keyHash === undefined ? connectTrusting(url) : connectTo(url)
  const silence = setTimeout(() => socket.destroy(new Error('no answer in time')), answerTime)
  const stop = (): void => void socket.destroy()
  signal.addEventListener('abort', stop, { once: true })
  try {
    const answers = readAnswers(socket)
    await (url.protocol === 'https:' ? secured(socket as TLSSocket) : once(socket, 'connect'))
    if (keyHash !== undefined) await prove({ url, keyHash, signal }, socket as TLSSocket, answers)
    socket.write(headOf(url, upload))
    const first = await answers()
    // Anything else than "go on" is the answer: the file is here already, or is not wanted.
    if (first.status !== 100) return first
    await sendPieces(socket, upload.file, () => silence.refresh())
    return await answers()
  } catch (thrown) {
    signal.throwIfAborted()
    throw unreachable(url, thrown)
  } finally {
    clearTimeout(silence)
    signal.removeEventListener('abort', stop)
    socket.destroy()
  }
}

function connectTrusting(url: URL): Socket {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (url.protocol === 'http:') return connectPlain({ host, port: Number(url.port || 80) })
  const servername = isIP(host) === 0 ? { servername: host } : {}
  const port = Number(url.port || 443)
  return connectTls({
    host,
    port,
    minVersion: 'TLSv1.2',
    ALPNProtocols: ['http/1.1'],
    ...servername,
  })
}

function headOf({ host }: URL, { path, token, file }: Upload): string {
  const lines = [
    `PUT ${path} HTTP/1.1`,
    `host: ${host}`,
    `authorization: Bearer ${token.reveal()}`,
    `content-length: ${file.size}`,
    'content-type: application/octet-stream',
    'expect: 100-continue',
  ]
  return `${lines.join('\r\n')}\r\n\r\n`
}

/** Ends without an error when the server has ended the connection: what it said counts. */
async function sendPieces(
  socket: Socket,
  { path, size, onProgress }: UploadedFile,
  onSent: () => void,
): Promise<void> {
  const gone = new AbortController()
  socket.once('close', () => gone.abort())
  let done = 0
  try {
    for await (const chunk of createReadStream(path, { end: size - 1 })) {
      if (socket.destroyed) return
      const piece = chunk as Buffer
      if (!socket.write(piece)) await once(socket, 'drain', { signal: gone.signal })
      done += piece.length
      onSent()
      onProgress(done)
    }
  } catch (thrown) {
    if (!gone.signal.aborted) throw ioError(path, thrown)
  }
}
