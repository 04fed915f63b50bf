import { connect, type Socket } from 'node:net'

/** One connection that sends a request at a time and tries nothing twice. */
export interface RawConnection {
  /** Answers the body of a 200, or `unexpected: …` for anything else; throws when the connection ends first. */
  ask(): Promise<string>
  /** Whether it has been answered before. */
  wasUsed(): boolean
  /** Whether the next request needs a new connection. */
  isOver(): boolean
  close(): void
}

interface State {
  text: string
  over: boolean
  used: boolean
  waiting: { resolve(body: string): void; reject(error: Error): void } | undefined
}

export async function openRawConnection(port: number, request: string): Promise<RawConnection> {
  const socket = await connectTo(port)
  const state: State = { text: '', over: false, used: false, waiting: undefined }
  const fail = (error: Error): void => {
    state.over = true
    state.waiting?.reject(error)
    state.waiting = undefined
  }
  socket.setEncoding('latin1')
  socket.on('data', (chunk: string) => {
    state.text += chunk
    const answer = readAnswer(state.text)
    if (answer === undefined) return
    const asked = state.waiting
    state.text = ''
    state.used = true
    state.over ||= answer.last || asked === undefined
    state.waiting = undefined
    asked?.resolve(answer.body)
  })
  socket.on('error', fail)
  socket.on('close', () => fail(new Error(`ended after ${JSON.stringify(state.text)}`)))
  return {
    ask: () =>
      new Promise((resolve, reject) => {
        state.waiting = { resolve, reject }
        socket.write(request)
      }),
    wasUsed: () => state.used,
    isOver: () => state.over || socket.destroyed,
    close: () => void socket.destroy(),
  }
}

function connectTo(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => {
      socket.off('error', reject)
      resolve(socket)
    })
    socket.once('error', reject)
  })
}

const lastOne = /^connection: close\r?$/im
const lengthField = /^content-length: (\d+)\r?$/im

/** Undefined while more must come. */
function readAnswer(text: string): { body: string; last: boolean } | undefined {
  const end = text.indexOf('\r\n\r\n')
  if (end === -1) return undefined
  const head = text.slice(0, end)
  const length = Number(lengthField.exec(head)?.[1] ?? Number.NaN)
  const body = text.slice(end + 4)
  const isGood = head.startsWith('HTTP/1.1 200 ') && body.length <= length
  if (!isGood) return { body: `unexpected: ${text.slice(0, 200)}`, last: true }
  return body.length < length ? undefined : { body, last: lastOne.test(head) }
}
