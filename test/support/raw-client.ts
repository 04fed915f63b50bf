import { connect, type Socket } from 'node:net'

export interface RawAnswer {
  readonly status: number
  readonly headers: string
  readonly body: string
}

export interface RawClient {
  readonly socket: Socket
  /** Sends one request on the same connection and waits for its answer; rejects when the connection ends first. */
  ask(path: string, host?: string): Promise<RawAnswer>
  /** Whether the other end asked to close after the last answer. */
  isClosing(): boolean
  close(): void
}

/** A client on one raw keep-alive connection that never tries anything twice. */
export async function openRawClient(port: number): Promise<RawClient> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  let text = ''
  let closing = false
  let waiting: { resolve(answer: RawAnswer): void; reject(error: Error): void } | undefined
  socket.setEncoding('latin1')
  socket.on('data', (chunk: string) => {
    text += chunk
    const answer = parseAnswer(text)
    if (answer === undefined) return
    text = ''
    closing ||= /^connection: close$/im.test(answer.headers)
    const asked = waiting
    waiting = undefined
    asked?.resolve(answer)
  })
  socket.on('error', () => undefined)
  socket.on('close', () =>
    waiting?.reject(new Error(`the connection ended after ${JSON.stringify(text)}`)),
  )
  return {
    socket,
    ask: (path, host = 'shop.test') =>
      new Promise((resolve, reject) => {
        if (socket.destroyed) return reject(new Error('the connection is closed'))
        waiting = { resolve, reject }
        socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
      }),
    isClosing: () => closing,
    close: () => socket.destroy(),
  }
}

/** Sends bytes on a connection of its own; answers all that comes back until it is closed or `until` is seen. */
export function sendRaw(port: number, bytes: string, until?: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' })
    let text = ''
    const timer = setTimeout(
      () => socket.destroy(new Error(`no end after ${JSON.stringify(text)}`)),
      20_000,
    )
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      if (until?.test(text) === true) socket.destroy()
    })
    socket.on('error', reject)
    socket.on('close', () => {
      clearTimeout(timer)
      resolve(text)
    })
    socket.write(bytes)
  })
}

function parseAnswer(text: string): RawAnswer | undefined {
  const end = text.indexOf('\r\n\r\n')
  if (end === -1) return undefined
  const headers = text.slice(0, end)
  const length = Number(/^content-length: (\d+)$/im.exec(headers)?.[1] ?? Number.NaN)
  if (Number.isNaN(length)) throw new Error(`an answer without a length: ${headers}`)
  const body = text.slice(end + 4)
  if (body.length < length) return undefined
  return { status: Number(headers.slice(9, 12)), headers, body: body.slice(0, length) }
}
