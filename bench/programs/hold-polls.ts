import { readFileSync } from 'node:fs'
import { connect, type TLSSocket } from 'node:tls'

import type { PollReport, ToPollers } from '../polls/pollers.ts'

// Thousands of hosts in one process: each keeps a TLS connection and a poll on it, and comes back when either ends.
// `hold-polls.ts PORT CA-FILE TOKEN-FILE COUNT`; each line of the token file is a token.
const [port = '', caFile = '', tokenFile = '', count = ''] = process.argv.slice(2)
const ca = readFileSync(caFile)
const tokens = readFileSync(tokenFile, 'utf8').trimEnd().split('\n')
/** Handshakes under way at once while all come for the first time. */
const atOnce = 64
/** Milliseconds in which whoever was cut off comes back, and after which a handshake is given up. */
const [spread, patience] = [5000, 20_000] as const
/** The server takes 10,000 connections of one address. */
const addresses = ['127.0.0.2', '127.0.0.3', '127.0.0.4']

const held = new Set<number>()
let wokenAt: number[] = []
let answers = 0
let cuts = 0
const refused = new Map<string, number>()

interface Poller {
  readonly number: number
  after: number
}

/** Resolves when its first poll is sent, or its connection is lost. */
function visit(poller: Poller): Promise<void> {
  return new Promise((resolve) => {
    const place = {
      port: Number(port),
      host: '127.0.0.1',
      servername: 'localhost',
      localAddress: addresses[poller.number % addresses.length] ?? '127.0.0.1',
      ca,
    }
    const socket = connect(place)
    const tooLong = setTimeout(() => socket.destroy(), patience)
    socket.once('secureConnect', () => {
      clearTimeout(tooLong)
      socket.setNoDelay(true)
      poll(socket, poller)
      resolve()
    })
    let text = ''
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk
      const body = bodyOf(text)
      if (body === undefined) return
      const status = text.slice(9, 12)
      text = ''
      take(socket, poller, { status, body })
    })
    socket.on('error', () => undefined)
    socket.on('close', () => {
      clearTimeout(tooLong)
      held.delete(poller.number)
      cuts += 1
      resolve()
      setTimeout(() => void visit(poller), Math.random() * spread)
    })
  })
}

function poll(socket: TLSSocket, { number, after }: Poller): void {
  const token = tokens[number % tokens.length] ?? ''
  held.add(number)
  socket.write(
    `GET /v1/triggers/shop?after=${after}&wait=25 HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${token}\r\n\r\n`,
  )
}

function take(
  socket: TLSSocket,
  poller: Poller,
  { status, body }: { readonly status: string; readonly body: string },
): void {
  held.delete(poller.number)
  answers += 1
  if (status !== '200') {
    refused.set(status, (refused.get(status) ?? 0) + 1)
    return void socket.destroy()
  }
  const { sequence } = JSON.parse(body) as { sequence: number }
  if (sequence > poller.after) wokenAt.push(now())
  poller.after = sequence
  poll(socket, poller)
}

function bodyOf(text: string): string | undefined {
  const end = text.indexOf('\r\n\r\n')
  if (end === -1) return undefined
  const length = Number(/\r\ncontent-length: (\d+)\r\n/i.exec(text.slice(0, end + 2))?.[1] ?? 0)
  return text.length - end - 4 < length ? undefined : text.slice(end + 4)
}

/** Milliseconds on the kernel's monotonic clock, which all processes share. */
function now(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

function report(): PollReport {
  return { held: held.size, woken: wokenAt.length, wokenAt, answers, cuts, refused: [...refused] }
}

process.on('disconnect', () => process.exit(0))
process.on('message', (order: ToPollers) => {
  const { wokenAt: times, ...rest } = report()
  process.send?.(order.type === 'report' ? { ...rest, wokenAt: order.times ? times : [] } : {})
  if (order.type === 'forget') [wokenAt, cuts, answers] = [[], 0, 0]
})

const waiting = Array.from({ length: Number(count) }, (_, number): Poller => ({ number, after: 0 }))
async function visitInTurn(): Promise<void> {
  for (let poller = waiting.shift(); poller !== undefined; poller = waiting.shift())
    await visit(poller)
}
void Promise.all(Array.from({ length: atOnce }, visitInTurn))
