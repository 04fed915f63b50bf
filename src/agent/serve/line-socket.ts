import { chownSync, chmodSync, lstatSync, unlinkSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'

import { AppError } from '../../errors/index.ts'
import { pathExists, withPath } from '../../system/index.ts'

/** One connection: whoever asks may remember what it was told. */
export interface Asker {
  /** Aborted when the connection has ended. */
  readonly gone: AbortSignal
}

/** Takes a line and answers one; never throws. */
export type AnswerLine = (line: string, asker: Asker) => Promise<string>

export interface LineSocket {
  close(): void
}

/** Bytes of one line; a desired state with all that it may hold is smaller. */
const longestLine = 64 * 1024 * 1024
/** The agent has a few; whoever opens more is not it. */
const mostConnections = 16

/**
 * Answers lines on a unix socket that its owner and a group may use, one at a time for each connection. The caller holds
 * a lock, so that a socket file that is there already is left over.
 */
export async function listenForLines(
  path: string,
  group: number | undefined,
  answer: AnswerLine,
): Promise<LineSocket> {
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    socket.on('error', () => socket.destroy())
    serveLines(socket, answer)
  })
  server.maxConnections = mostConnections
  if (pathExists(path)) withPath(path, () => unlinkSync(path))
  await listenPrivately(server, path)
  withPath(path, () => {
    if (group !== undefined) chownSync(path, process.getuid?.() ?? 0, group)
    chmodSync(path, 0o660)
  })
  const own = lstatSync(path).ino
  return {
    close: () => {
      for (const socket of open) socket.destroy()
      // Closing removes the path, which may be another one's by now.
      if (lstatSync(path, { throwIfNoEntry: false })?.ino === own) server.close()
      else server.unref()
    },
  }
}

function serveLines(socket: Socket, answer: AnswerLine): void {
  const ended = new AbortController()
  socket.on('close', () => ended.abort())
  const asker: Asker = { gone: ended.signal }
  let isBusy = false
  let chunks: Buffer[] = []
  let length = 0

  async function serveNext(): Promise<void> {
    if (isBusy) return
    isBusy = true
    for (let line = nextLine(); line !== undefined; line = nextLine()) {
      const reply = await answer(line, asker)
      if (socket.destroyed) return
      socket.write(`${reply}\n`)
      // Whatever is poured in, what runs on this host has its turn.
      await setImmediate()
    }
    isBusy = false
  }

  function nextLine(): string | undefined {
    if (!chunks.some((chunk) => chunk.includes(0x0a))) return undefined
    const whole = Buffer.concat(chunks)
    const end = whole.indexOf(0x0a)
    chunks = [whole.subarray(end + 1)]
    length = whole.length - end - 1
    return whole.toString('utf8', 0, end)
  }

  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    length += chunk.length
    if (length > longestLine) socket.destroy()
    else if (chunk.includes(0x0a)) void serveNext()
  })
}

function listenPrivately(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const usual = process.umask(0o177)
    server.once('error', (cause) => {
      process.umask(usual)
      reject(new AppError('io-failed', `cannot listen on ${path}: ${cause.message}`, { cause }))
    })
    server.listen(path, () => {
      process.umask(usual)
      resolve()
    })
  })
}
