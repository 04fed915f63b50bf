import { lstatSync, unlinkSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'

import { AppError } from '../../errors/index.ts'
import { pathExists, withPath } from '../../system/index.ts'
import {
  errorAnswer,
  longestRequest,
  parseRequest,
  type KeeperAnswer,
  type KeeperRequest,
  type KeeperStatus,
} from './keeper-protocol.ts'

export interface RequestServer {
  /** Whether somebody waits for an answer. */
  isBusy(): boolean
  /** Whether somebody cleared the run directory, so that nobody finds us any more. */
  isLost(): boolean
  close(): void
}

/**
 * Answers one line of JSON per connection on a unix socket that only its owner may use. The caller holds the
 * keeper's lock, so a socket file that is there already is left over.
 */
export async function serveRequests(
  path: string,
  answer: (request: KeeperRequest) => Promise<KeeperStatus>,
): Promise<RequestServer> {
  const open = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    socket.on('error', () => socket.destroy())
    readLine(socket, (line) => void respond(socket, line, answer))
  })
  if (pathExists(path)) withPath(path, () => unlinkSync(path))
  await listenPrivately(server, path)
  const own = inodeOf(path)
  const isLost = (): boolean => inodeOf(path) !== own
  return {
    isBusy: () => open.size > 0,
    isLost,
    // Closing removes the path, which may be another keeper's by now.
    close: () => (isLost() ? server.unref() : server.close()),
  }
}

function inodeOf(path: string): number | undefined {
  return lstatSync(path, { throwIfNoEntry: false })?.ino
}

async function respond(
  socket: Socket,
  line: string,
  answer: (request: KeeperRequest) => Promise<KeeperStatus>,
): Promise<void> {
  const reply = await answerLine(line, answer)
  socket.end(`${JSON.stringify(reply)}\n`)
}

async function answerLine(
  line: string,
  answer: (request: KeeperRequest) => Promise<KeeperStatus>,
): Promise<KeeperAnswer> {
  try {
    return { ok: true, status: await answer(parseRequest(line)) }
  } catch (error) {
    return errorAnswer(error)
  }
}

function readLine(socket: Socket, take: (line: string) => void): void {
  const chunks: Buffer[] = []
  let length = 0
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    length += chunk.length
    if (length > longestRequest) socket.destroy()
    else if (chunk.includes(0x0a)) {
      const text = Buffer.concat(chunks.splice(0)).toString('utf8')
      take(text.slice(0, text.indexOf('\n')))
    }
  })
  socket.on('end', () => {
    if (chunks.length > 0) socket.destroy()
  })
}

function listenPrivately(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const usual = process.umask(0o177)
    server.once('error', (error) => {
      process.umask(usual)
      reject(
        new AppError('io-failed', `cannot listen on ${path}: ${error.message}`, { cause: error }),
      )
    })
    server.listen(path, () => {
      process.umask(usual)
      resolve()
    })
  })
}
