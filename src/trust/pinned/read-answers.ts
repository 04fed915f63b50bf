import type { Duplex } from 'node:stream'

import type { WireAnswer, WireHead } from './wire.ts'

/** Answers of HTTP/1.1 off one connection, one after another. The other side always tells their length. */
export interface AnswerReader {
  /** @throws Error when the connection ends or does not speak HTTP. */
  whole(): Promise<WireAnswer>
  /** The head; the body must then be read to its end before anything else. */
  head(): Promise<WireHead & { readonly length: number }>
  /** Takes "100 Continue" off; false when something else came, which is then still to be read. */
  isAskedToGoOn(): Promise<boolean>
  /** The body as it comes; nothing is read ahead of whoever takes it. */
  body(length: number): AsyncGenerator<Buffer>
}

const longestHead = 64 * 1024
const longestBody = 64 * 1024 * 1024

export function readAnswers(connection: Duplex): AnswerReader {
  const chunks = connection[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  let rest: Buffer = Buffer.alloc(0)

  async function more(): Promise<Buffer> {
    const { done, value } = await chunks.next()
    if (done === true) throw new Error('the connection was closed')
    return value
  }
  /** Bytes of the next head, without the empty line; it is in `rest` then. */
  async function nextHead(): Promise<number> {
    for (;;) {
      const end = rest.indexOf('\r\n\r\n')
      if (end !== -1) return end
      if (rest.length > longestHead) throw new Error('it does not speak HTTP/1.1')
      rest = Buffer.concat([rest, await more()])
    }
  }
  async function head(): Promise<WireHead & { readonly length: number }> {
    const end = await nextHead()
    const read = readHead(rest.toString('latin1', 0, end))
    rest = rest.subarray(end + 4)
    return read
  }
  async function isAskedToGoOn(): Promise<boolean> {
    const end = await nextHead()
    if (!/^HTTP\/1\.1 100( |$)/m.test(rest.toString('latin1', 0, end))) return false
    rest = rest.subarray(end + 4)
    return true
  }
  async function* body(length: number): AsyncGenerator<Buffer> {
    for (let left = length; left > 0;) {
      const chunk = rest.length > 0 ? rest : await more()
      const part = chunk.subarray(0, left)
      rest = chunk.subarray(part.length)
      left -= part.length
      yield part
    }
  }
  return {
    head,
    isAskedToGoOn,
    body,
    whole: async () => {
      const { length, ...answer } = await head()
      if (length > longestBody) throw new Error('its answer is too large')
      const parts: Buffer[] = []
      for await (const part of body(length)) parts.push(part)
      return { ...answer, text: Buffer.concat(parts).toString('utf8') }
    },
  }
}

function readHead(text: string): WireHead & { readonly length: number } {
  const [first = '', ...lines] = text.split('\r\n')
  const [, status] = /^HTTP\/1\.1 ([2-5]\d\d)( |$)/.exec(first) ?? []
  const headers = new Map<string, string>()
  for (const line of lines) {
    const at = line.indexOf(':')
    if (at > 0) headers.set(line.slice(0, at).toLowerCase(), line.slice(at + 1).trim())
  }
  const size = status === '204' || status === '304' ? '0' : (headers.get('content-length') ?? '')
  if (status === undefined || !/^\d{1,15}$/.test(size))
    throw new Error('it does not speak HTTP/1.1 with lengths')
  return { status: Number(status), headers, length: Number(size) }
}
