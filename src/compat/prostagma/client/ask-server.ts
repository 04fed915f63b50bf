import { request as requestHttp, type IncomingMessage } from 'node:http'
import { request as requestHttps } from 'node:https'

import { AppError, toAppError } from '../../../errors/index.ts'

export interface ServerAsk {
  readonly method: 'GET' | 'POST'
  /** Path after the address of the server. */
  readonly path: string
  readonly body: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly signal: AbortSignal
  /** Milliseconds until there is a connection. */
  readonly connectTimeout: number
  /** Milliseconds of silence after that; none unless given. */
  readonly idleTimeout?: number
}

/**
 * Sends a request with a JSON body, a GET too, and answers the response, to be read or destroyed. Only status 200 is an
 * answer. @throws AppError `download-failed`, retryable.
 */
export async function askServer(host: string, ask: ServerAsk): Promise<IncomingMessage> {
  const response = await send(new URL(host + ask.path), ask)
  if (response.statusCode === 200) return response
  response.destroy()
  throw failure(ask, `the server answered ${response.statusCode}`)
}

/** Reads a response as text. @throws AppError beyond `limit` bytes. */
export async function readText(response: IncomingMessage, limit: number): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > limit) throw new AppError('download-failed', `an answer of more than ${limit} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** Milliseconds after which the system begins to ask whether a silent machine is still there. */
const keepAliveDelay = 30_000

function send(url: URL, ask: ServerAsk): Promise<IncomingMessage> {
  const begin = url.protocol === 'https:' ? requestHttps : requestHttp
  const body = JSON.stringify(ask.body)
  const { method, signal, connectTimeout, idleTimeout } = ask
  return new Promise((resolve, reject) => {
    const sent = begin(url, {
      method,
      signal,
      agent: false,
      headers: {
        ...(method === 'POST' ? { 'content-type': 'application/json' } : {}),
        'content-length': Buffer.byteLength(body),
        ...ask.headers,
      },
    })
    const late = setTimeout(
      () => sent.destroy(new Error(`no connection within ${connectTimeout} ms`)),
      connectTimeout,
    )
    sent.once('socket', (socket) => {
      socket.setKeepAlive(true, keepAliveDelay)
      socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', () => {
        clearTimeout(late)
      })
    })
    if (idleTimeout !== undefined) {
      sent.setTimeout(idleTimeout, () => sent.destroy(new Error(`${idleTimeout} ms of silence`)))
    }
    sent.once('close', () => clearTimeout(late))
    sent.once('error', (error) => {
      reject(signal.aborted ? toAppError(signal.reason) : failure(ask, error.message))
    })
    sent.once('response', resolve)
    sent.end(body)
  })
}

function failure({ method, path }: ServerAsk, problem: string): AppError {
  return new AppError('download-failed', `${method} ${path}: ${problem}`, { retryable: true })
}
