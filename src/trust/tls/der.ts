import { isIP } from 'node:net'

// As much of DER as a self-made certificate needs.

export function der(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content)
  return Buffer.concat([Buffer.from([tag]), lengthOf(body), body])
}

export const sequence = (...content: readonly Uint8Array[]): Buffer => der(0x30, ...content)

export const octets = (...content: readonly Uint8Array[]): Buffer => der(0x04, ...content)

export const bits = (content: Uint8Array, unused = 0): Buffer =>
  der(0x03, Buffer.from([unused]), content)

export const yes = der(0x01, Buffer.from([0xff]))

/** A number that is not below zero, from its bytes. */
export function integer(bytes: Uint8Array): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0)
  const digits = first < 0 ? Buffer.alloc(1) : Buffer.from(bytes.subarray(first))
  const isHigh = (digits[0] ?? 0) >= 0x80
  return der(0x02, isHigh ? Buffer.alloc(1) : Buffer.alloc(0), digits)
}

/** An object identifier such as `2.5.29.17`. */
export function identifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return der(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(inSevenBits)]))
}

/** As the rules for certificates have it: two digits of the year until 2049. */
export function time(milliseconds: number): Buffer {
  const text = new Date(milliseconds).toISOString().replace(/[-:T]|\.\d+/g, '')
  return Number(text.slice(0, 4)) < 2050
    ? der(0x17, Buffer.from(text.slice(2)))
    : der(0x18, Buffer.from(text))
}

/** A host name or IP address as a certificate names it. */
export function generalName(name: string): Buffer {
  return isIP(name) === 0 ? der(0x82, Buffer.from(name)) : der(0x87, addressBytes(name))
}

/** The 4 or 16 bytes of an IP address. */
export function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number))
  const words = address.replace(/[\d.]+\.\d+$/, asWords)
  const [before = '', after] = words.split('::')
  const [head, tail] = [groups(before), groups(after ?? '')]
  const gap = Array.from({ length: 8 - head.length - tail.length }, () => 0)
  return Buffer.from([...head, ...gap, ...tail].flatMap((word) => [word >> 8, word & 0xff]))
}

function asWords(dotted: string): string {
  return addressBytes(dotted)
    .toString('hex')
    .replace(/^(.{4})/, '$1:')
}

function groups(text: string): number[] {
  return text === '' ? [] : text.split(':').map((word) => Number.parseInt(word, 16))
}

function lengthOf({ length }: Buffer): Buffer {
  if (length < 0x80) return Buffer.from([length])
  return length < 0x100
    ? Buffer.from([0x81, length])
    : Buffer.from([0x82, length >> 8, length & 0xff])
}

function inSevenBits(number: number): number[] {
  const low = number & 0x7f
  const rest = number >>> 7
  return rest === 0 ? [low] : [...inSevenBits(rest).map((byte) => byte | 0x80), low]
}
