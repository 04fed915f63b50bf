import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'

import { median, percentile } from '../statistics.ts'

// Posts without pause over kept connections for so many milliseconds and prints what came back:
// `post.ts PORT CONNECTIONS MILLISECONDS HEAD-FILE`. The file holds the request's first lines; `{key}` in it is another one each
// time. Everything is written and read as bytes, so that the load costs little beside what it is put on.
const [port = '', connections = '', milliseconds = '', headFile = ''] = process.argv.slice(2)
const head = readFileSync(headFile, 'utf8').trimEnd().replaceAll('\n', '\r\n')

const times: number[] = []
const refused: string[] = []
let failures = 0
let serial = 0
const begun = performance.now()

function post(socket: Socket, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = ''
    let sentAt = 0
    const send = (): void => {
      if (performance.now() - begun > Number(milliseconds)) {
        socket.destroy()
        return resolve()
      }
      serial += 1
      sentAt = performance.now()
      socket.write(`${head.replace('{key}', `${name}-${serial}`)}\r\ncontent-length: 0\r\n\r\n`)
    }
    socket.on('data', (chunk: string) => {
      text += chunk
      if (!isWhole(text)) return
      if (/^HTTP\/1\.1 20[01] /.test(text)) times.push(performance.now() - sentAt)
      else note(text)
      text = ''
      send()
    })
    socket.on('error', reject)
    socket.on('close', () => resolve())
    send()
  })
}

function note(text: string): void {
  failures += 1
  if (refused.length < 3) refused.push(text.slice(0, 300))
}

function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n')
  if (end === -1) return false
  const length = /\r\ncontent-length: (\d+)\r\n/i.exec(text.slice(0, end + 2))?.[1]
  return text.length - end - 4 >= Number(length ?? 0)
}

async function open(): Promise<Socket> {
  return await new Promise((resolve, reject) => {
    const socket = connect({ port: Number(port), host: '127.0.0.1', noDelay: true }, () => {
      socket.off('error', reject)
      resolve(socket.setEncoding('latin1'))
    })
    socket.once('error', reject)
  })
}

const sockets = await Promise.all(Array.from({ length: Number(connections) }, open))
await Promise.all(sockets.map((socket, index) => post(socket, `${process.pid}-${index}`)))
const seconds = (performance.now() - begun) / 1000
const [half, tail] = [median(times), percentile(times, 0.99)]
process.stdout.write(
  JSON.stringify({ perSecond: times.length / seconds, half, tail, failures, refused }),
)
