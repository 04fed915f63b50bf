import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { join } from 'node:path'

import type { Target } from '../../src/proxy/index.ts'

export interface TestApp {
  readonly target: Target
  readonly label: string
  /** Requests that began, newest last, as `METHOD path`. */
  readonly seen: string[]
  /** Status that every answer has. */
  status: number
  close(): Promise<void>
}

/** A deploy that answers every path with its label, and knows a few special ones. */
export async function startApp(
  label: string,
  where: { readonly kind: 'tcp' } | { readonly kind: 'socket'; readonly folder: string },
): Promise<TestApp> {
  const app = { label, seen: [] as string[], status: 200 }
  const sockets = new Set<Socket>()
  const server = createServer((request, response) => {
    app.seen.push(`${request.method} ${request.url}`)
    answer(app, request, response)
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('upgrade', (request, socket) => {
    app.seen.push(`UPGRADE ${request.url}`)
    socket.on('error', () => undefined)
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    )
    socket.write(`hello from ${label}\n`)
    socket.on('data', (chunk: Buffer) => socket.write(`${label}: ${chunk.toString()}`))
    socket.on('end', () => socket.end())
  })
  const target = await listen(server, label, where)
  return Object.assign(app, {
    target,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  })
}

async function listen(
  server: ReturnType<typeof createServer>,
  label: string,
  where: { readonly kind: 'tcp' } | { readonly kind: 'socket'; readonly folder: string },
): Promise<Target> {
  if (where.kind === 'tcp') {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return { app: 'shop', label, kind: 'tcp', port: (server.address() as AddressInfo).port }
  }
  const directory = join(where.folder, label)
  mkdirSync(directory, { recursive: true })
  const mask = process.umask(0)
  await new Promise<void>((resolve) => server.listen(join(directory, 'app.sock'), resolve))
  process.umask(mask)
  return { app: 'shop', label, kind: 'socket', directory }
}

function answer(
  app: { readonly label: string; readonly status: number },
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (request.url === '/events') {
    streamEvents(app.label, response)
  } else if (request.method === 'POST') {
    digestBody(request, response)
  } else if (request.url === '/headers') {
    const text = JSON.stringify(request.rawHeaders)
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': text.length })
    response.end(text)
  } else if (request.url === '/hang') {
    response.on('error', () => undefined)
  } else {
    response.writeHead(app.status, { 'Content-Length': app.label.length })
    response.end(app.label)
  }
}

function streamEvents(label: string, response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' })
  let serial = 0
  const timer = setInterval(() => response.write(`data: ${label} ${serial++}\n\n`), 10)
  response.on('close', () => clearInterval(timer))
}

function digestBody(request: IncomingMessage, response: ServerResponse): void {
  const hash = createHash('sha256')
  let bytes = 0
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    hash.update(chunk)
  })
  request.on('end', () => response.end(JSON.stringify({ bytes, sha256: hash.digest('hex') })))
}
