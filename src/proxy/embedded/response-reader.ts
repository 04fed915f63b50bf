// Reads HTTP/1.1 responses of deploys. Our own, because it must be known exactly whether any byte of an answer
// came (only then may a request be tried again) and because both runtimes' clients hide that.

export interface ResponseHead {
  readonly status: number
  readonly reason: string
  /** Names and values in turn, as sent, without hop-by-hop fields. */
  readonly headers: string[]
  readonly upgraded: boolean
}

/** Takes one response as it arrives; after `end` or `broken` nothing more comes. */
export interface ResponseSink {
  head(head: ResponseHead): void
  /** `last` tells that `end` follows at once. */
  body(chunk: Buffer, last: boolean): void
  end(): void
  /** What arrived is no whole answer. */
  broken(): void
}

const maxHead = 64 * 1024
const hopByHop =
  /^(?:connection|keep-alive|proxy-connection|proxy-authenticate|te|trailer|transfer-encoding|upgrade)$/i
const empty = Buffer.alloc(0)

type Phase = 'idle' | 'head' | 'length' | 'size' | 'chunk' | 'chunk-end' | 'trailer' | 'until-close'

/** Reads the responses of one connection, one after the other. */
export class ResponseReader {
  #phase: Phase = 'idle'
  #sink: ResponseSink | undefined
  #method = ''
  #pending: Buffer = empty
  #remaining = 0
  #started = false
  #keepAlive = false

  /** Prepares for the response to a request of this method. */
  expect(method: string, sink: ResponseSink): void {
    this.#method = method
    this.#sink = sink
    this.#phase = 'head'
    this.#pending = empty
    this.#started = false
    this.#keepAlive = false
  }

  push(chunk: Buffer): void {
    this.#started = true
    let rest = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk])
    this.#pending = empty
    while (rest.length > 0) {
      const next = this.#take(rest)
      if (next === undefined) return
      if (next === rest) {
        this.#pending = rest
        return
      }
      rest = next
    }
  }

  /** The connection ended: by the other end's wish, or torn. */
  closed(how: 'ended' | 'torn'): void {
    if (this.#phase === 'until-close' && how === 'ended') this.#finish()
    else if (this.#phase !== 'idle') this.#fail()
  }

  /** Whether a byte of the expected response has arrived. */
  hasStarted(): boolean {
    return this.#started
  }

  /** Whether the connection may carry another request: the response is over and nobody asked to close. */
  isReusable(): boolean {
    return this.#phase === 'idle' && this.#keepAlive && this.#pending.length === 0
  }

  /** Consumes from the front; answers what is left, the same buffer when more is needed, undefined when broken. */
  #take(bytes: Buffer): Buffer | undefined {
    switch (this.#phase) {
      case 'head':
        return this.#takeHead(bytes)
      case 'length':
        return this.#takeLength(bytes)
      case 'size':
        return this.#takeSize(bytes)
      case 'chunk':
        return this.#takeChunk(bytes)
      case 'chunk-end':
        return this.#takeChunkEnd(bytes)
      case 'trailer':
        return this.#takeTrailer(bytes)
      case 'until-close':
        this.#sink?.body(bytes, false)
        return empty
      case 'idle':
        this.#keepAlive = false
        return undefined
    }
  }

  #takeHead(bytes: Buffer): Buffer | undefined {
    const end = bytes.indexOf('\r\n\r\n')
    if (end === -1) return bytes.length > maxHead ? this.#fail() : bytes
    const head = parseHead(bytes.toString('latin1', 0, end))
    if (head === undefined) return this.#fail()
    const rest = bytes.subarray(end + 4)
    // 100 Continue was answered by us already, and 103 is only a hint.
    if (head.status < 200 && head.status !== 101) return rest
    this.#keepAlive = head.keepAlive
    this.#begin(head)
    return rest
  }

  #begin(head: ParsedHead): void {
    const isBodiless = this.#method === 'HEAD' || head.status === 204 || head.status === 304
    const isEmpty = isBodiless || (!head.chunked && head.length === 0)
    if (isBodiless) this.#phase = 'length'
    else if (head.status === 101) this.#phase = 'until-close'
    else if (head.chunked) this.#phase = 'size'
    else if (head.length === undefined) this.#phase = 'until-close'
    else this.#phase = 'length'
    this.#remaining = head.length ?? 0
    if (this.#phase === 'until-close') this.#keepAlive = false
    this.#sink?.head(head)
    if (isEmpty && head.status !== 101) this.#finish()
  }

  #takeLength(bytes: Buffer): Buffer {
    const part = bytes.length <= this.#remaining ? bytes : bytes.subarray(0, this.#remaining)
    this.#remaining -= part.length
    this.#sink?.body(part, this.#remaining === 0)
    if (this.#remaining === 0) this.#finish()
    return bytes.subarray(part.length)
  }

  #takeSize(bytes: Buffer): Buffer | undefined {
    const end = bytes.indexOf('\r\n')
    if (end === -1) return bytes.length > 1024 ? this.#fail() : bytes
    const size = /^[0-9a-f]{1,12}(?=$|[ \t]*;)/i.exec(bytes.toString('latin1', 0, end))?.[0]
    if (size === undefined) return this.#fail()
    this.#remaining = Number.parseInt(size, 16)
    this.#phase = this.#remaining === 0 ? 'trailer' : 'chunk'
    return bytes.subarray(end + 2)
  }

  #takeChunk(bytes: Buffer): Buffer {
    const part = bytes.length <= this.#remaining ? bytes : bytes.subarray(0, this.#remaining)
    this.#remaining -= part.length
    this.#sink?.body(part, false)
    if (this.#remaining === 0) this.#phase = 'chunk-end'
    return bytes.subarray(part.length)
  }

  #takeChunkEnd(bytes: Buffer): Buffer | undefined {
    if (bytes.length < 2) return bytes
    if (bytes[0] !== 0x0d || bytes[1] !== 0x0a) return this.#fail()
    this.#phase = 'size'
    return bytes.subarray(2)
  }

  #takeTrailer(bytes: Buffer): Buffer | undefined {
    const end = bytes.indexOf('\r\n')
    if (end === -1) return bytes.length > maxHead ? this.#fail() : bytes
    if (end === 0) this.#finish()
    return bytes.subarray(end + 2)
  }

  #finish(): void {
    this.#phase = 'idle'
    const done = this.#sink
    this.#sink = undefined
    done?.end()
  }

  #fail(): undefined {
    this.#phase = 'idle'
    this.#keepAlive = false
    const failed = this.#sink
    this.#sink = undefined
    failed?.broken()
    return undefined
  }
}

interface ParsedHead extends ResponseHead {
  readonly chunked: boolean
  readonly length: number | undefined
  readonly keepAlive: boolean
}

function parseHead(text: string): ParsedHead | undefined {
  const lines = text.split('\r\n')
  const first = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: ([^\r\n\0]*))?$/.exec(lines[0] ?? '')
  if (first === null) return undefined
  const headers: string[] = []
  let chunked = false
  let length: number | undefined
  let connection = ''
  for (let index = 1; index < lines.length; index++) {
    const line = lines[index] ?? ''
    const colon = line.indexOf(':')
    if (colon < 1) return undefined
    const name = line.slice(0, colon)
    const value = line.slice(colon + 1).trim()
    if (hopByHop.test(name)) {
      const lower = name.toLowerCase()
      if (lower === 'connection') connection += `,${value.toLowerCase()}`
      if (lower === 'transfer-encoding') {
        if (value.toLowerCase() !== 'chunked') return undefined
        chunked = true
      }
      if (lower !== 'upgrade' || first[2] !== '101') continue
    }
    if (name.length === 14 && name.toLowerCase() === 'content-length') {
      if (!/^\d{1,15}$/.test(value) || (length !== undefined && length !== Number(value)))
        return undefined
      // A second, equal one is left out.
      if (length !== undefined) continue
      length = Number(value)
    }
    headers.push(name, value)
  }
  if (chunked && length !== undefined) return undefined
  const status = Number(first[2])
  const keepAlive = first[1] === '1' && !connection.includes('close')
  return {
    status,
    reason: first[3] ?? '',
    headers,
    upgraded: status === 101,
    chunked,
    length,
    keepAlive,
  }
}
