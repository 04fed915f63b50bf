import type { Content } from './archive-entry.ts'
import { invalidArchive } from './archive-file.ts'

/**
 * Exact amounts of bytes from chunks of any size. A chunk holds many small files, and a promise for each piece of each
 * of them costs more than inflating it: so bytes are taken by generators, which yield only when a chunk must arrive.
 */
export interface ByteSource {
  /** The next `length` bytes; undefined at the end. @throws AppError when the end comes in between. */
  take(length: number): Arriving<Buffer | undefined>
  /** The next `length` bytes as they come. */
  chunks(length: number): Content
  /** What the reader does with a yield: makes the next chunk arrive. */
  fill(): Promise<void>
  /** Ends the reading early. */
  close(): Promise<void>
}

/** Work that yields whenever it needs the next chunk, and its result. */
export type Arriving<Result> = Generator<undefined, Result>

export function openByteSource(input: AsyncIterable<Buffer>): ByteSource {
  const iterator = input[Symbol.asyncIterator]()
  let rest: Buffer = Buffer.alloc(0)
  let isAtEnd = false

  async function fill(): Promise<void> {
    const next = await iterator.next()
    if (next.done === true) isAtEnd = true
    else rest = next.value
  }

  function isWaiting(): boolean {
    return rest.length === 0 && !isAtEnd
  }

  function cut(length: number): Buffer {
    const head = rest.subarray(0, length)
    rest = rest.subarray(length)
    return head
  }

  function* take(length: number): Arriving<Buffer | undefined> {
    const parts: Buffer[] = []
    for (let missing = length; missing > 0;) {
      while (isWaiting()) yield
      if (rest.length === 0 && missing === length) return undefined
      if (rest.length === 0) throw invalidArchive('the archive is cut short')
      const part = cut(missing)
      missing -= part.length
      parts.push(part)
    }
    return parts.length === 1 ? parts[0] : Buffer.concat(parts)
  }

  function chunks(length: number): Content {
    return rest.length >= length ? [cut(length)] : arriving(length)
  }

  async function* arriving(length: number): AsyncGenerator<Buffer> {
    for (let missing = length; missing > 0;) {
      while (isWaiting()) await fill()
      if (rest.length === 0) throw invalidArchive('the archive is cut short inside a file')
      const part = cut(missing)
      missing -= part.length
      yield part
    }
  }

  return {
    take,
    chunks,
    fill,
    close: async () => {
      await iterator.return?.()
    },
  }
}
