import { connect, type Socket } from 'node:net'

import { AppError, errorCodes, type ErrorCode } from '../../errors/index.ts'
import type { HostAsk } from '../../protocol/index.ts'
import { readHostAnswer, readRefusal, type HostAnswers } from './host-answers.ts'

type Asked = HostAsk['ask']
type HostAnswer<Ask extends Asked> = HostAnswers[Ask]

/** A connection to `sluice host serve`. One request at a time. */
export interface HostLine {
  /** @throws AppError `host-unreachable`, retryable; what the host refused with. */
  ask<Ask extends Asked>(ask: Extract<HostAsk, { ask: Ask }>): Promise<HostAnswer<Ask>>
  /** Aborted as soon as the connection has ended. */
  readonly ended: AbortSignal
  close(): void
}

const connectTime = 5000
/** Beyond the longest answer that a host holds. */
const answerTime = 75_000
/** A host with thousands of reports tells them in pieces. */
const longestLine = 64 * 1024 * 1024

/** @throws AppError `host-unreachable`. */
export async function connectHost(path: string, signal: AbortSignal): Promise<HostLine> {
  const socket = connect(path)
  const ended = new AbortController()
  let failure: Error | undefined
  socket.on('error', (error) => (failure ??= error))
  socket.once('close', () => ended.abort())
  const stop = (): void => void socket.destroy()
  signal.addEventListener('abort', stop, { once: true })
  socket.once('close', () => signal.removeEventListener('abort', stop))
  const away = (): AppError => unreachable(path, failure ?? new Error('the connection was closed'))
  await withTime(socket, connectTime, () => once(socket, 'connect', ended.signal)).catch(() => {
    throw away()
  })
  const line = lineReader(socket, ended.signal)
  return {
    ask: async <Ask extends Asked>(ask: Extract<HostAsk, { ask: Ask }>) => {
      const text = await withTime(socket, answerTime, async () => {
        socket.write(`${JSON.stringify(ask)}\n`)
        return await line()
      }).catch(() => {
        throw away()
      })
      return readAnswer<Ask>(ask.ask, text)
    },
    ended: ended.signal,
    close: () => void socket.destroy(),
  }
}

/** @throws AppError of the code that the host gave; `host-unreachable` for what is no answer. */
function readAnswer<Ask extends Asked>(ask: Ask, text: string): HostAnswer<Ask> {
  const value = parse(text)
  const refused = readRefusal(value)
  if (refused !== undefined) {
    const { code, message, hint } = refused
    const known = Object.hasOwn(errorCodes, code) ? (code as ErrorCode) : 'host-unreachable'
    throw new AppError(known, message, hint === undefined ? {} : { hint })
  }
  const read = readHostAnswer[ask](value)
  if (read !== undefined) return read
  throw new AppError('host-unreachable', `what answers ${ask} is no host of sluice`, {
    retryable: true,
  })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

function lineReader(socket: Socket, ended: AbortSignal): () => Promise<string> {
  let chunks: Buffer[] = []
  let length = 0
  let wake = ignore
  const lines: string[] = []
  socket.on('data', (chunk: Buffer) => {
    length += chunk.length
    if (length > longestLine) return socket.destroy()
    chunks.push(chunk)
    if (!chunk.includes(0x0a)) return undefined
    const [whole, ...more] = Buffer.concat(chunks).toString('utf8').split('\n')
    lines.push(whole ?? '')
    chunks = [Buffer.from(more.join('\n'))]
    length = chunks[0]?.length ?? 0
    return wake()
  })
  ended.addEventListener('abort', () => wake(), { once: true })
  return async () => {
    for (;;) {
      const line = lines.shift()
      if (line !== undefined) return line
      if (ended.aborted) throw new Error('the connection was closed')
      await new Promise<void>((resolve) => (wake = resolve))
    }
  }
}

function ignore(): void {
  // Nobody waits yet.
}

async function once(socket: Socket, event: 'connect', ended: AbortSignal): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.once(event, resolve)
    ended.addEventListener('abort', () => reject(new Error('closed')), { once: true })
  })
}

async function withTime<Result>(
  socket: Socket,
  milliseconds: number,
  work: () => Promise<Result>,
): Promise<Result> {
  const late = setTimeout(() => socket.destroy(new Error('no answer in time')), milliseconds)
  try {
    return await work()
  } finally {
    clearTimeout(late)
  }
}

function unreachable(path: string, { message }: Error): AppError {
  return new AppError('host-unreachable', `sluice host serve does not answer: ${message}`, {
    retryable: true,
    hint: `is it running, and may this account use ${path}?`,
  })
}
