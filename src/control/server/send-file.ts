import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { Readable } from 'node:stream'

import { selectBytes } from './byte-range.ts'
import { watchRate } from './watch-rate.ts'

/** A file that stays readable until it is released. */
export interface SentFile {
  readonly size: number
  /** A strong one, in its quotes: the same tag means the same bytes. */
  readonly etag: string
  /** Milliseconds since 1970. */
  readonly storedAt: number
  /** Bytes `start` to `end`, both included. */
  read(start: number, end: number): Readable
  release(): void
}

interface Plan {
  readonly status: number
  readonly headers: Readonly<Record<string, string | number>>
  /** Undefined when only the head is sent. */
  readonly bytes: { readonly start: number; readonly end: number } | undefined
}

/** What RFC 9110 makes of a request for a file. */
export function planFile(
  { method, headers }: { readonly method: string; readonly headers: IncomingHttpHeaders },
  { size, etag, storedAt }: Pick<SentFile, 'size' | 'etag' | 'storedAt'>,
): Plan {
  const lastModified = new Date(storedAt).toUTCString()
  const about = { 'accept-ranges': 'bytes', etag, 'last-modified': lastModified }
  if (namesTag(headers['if-none-match'], etag))
    return { status: 304, headers: about, bytes: undefined }
  // A range of a HEAD means nothing.
  const asked = method === 'HEAD' ? {} : headers
  const selection = selectBytes(asked, { size, validators: [etag, lastModified] })
  if (selection.type === 'outside') {
    const told = { ...about, 'content-range': `bytes */${size}`, 'content-length': 0 }
    return { status: 416, headers: told, bytes: undefined }
  }
  const { start, end } = selection.type === 'part' ? selection : { start: 0, end: size - 1 }
  const part =
    selection.type === 'part' ? { 'content-range': `bytes ${start}-${end}/${size}` } : undefined
  return {
    status: part === undefined ? 200 : 206,
    headers: {
      ...about,
      ...part,
      'content-type': 'application/octet-stream',
      'content-length': end - start + 1,
    },
    bytes: method === 'HEAD' || size === 0 ? undefined : { start, end },
  }
}

function namesTag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  return header.split(',').some((tag) => ['*', etag].includes(tag.trim().replace(/^W\//, '')))
}

/** Answers with a file, or the part of it that is asked for, holding no more of it than a piece. */
export async function sendFile(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  {
    file,
    headers,
  }: { readonly file: SentFile; readonly headers: Readonly<Record<string, string>> },
): Promise<number> {
  try {
    const { method = '', headers: asked } = incoming
    const plan = planFile({ method, headers: asked }, file)
    outgoing.writeHead(plan.status, { ...headers, ...plan.headers })
    if (plan.bytes === undefined) outgoing.end()
    else await pump(file.read(plan.bytes.start, plan.bytes.end), outgoing)
    return plan.status
  } finally {
    file.release()
  }
}

/** Ends early, without an error, when the caller has gone or is too slow: there is nobody to tell. */
async function pump(bytes: Readable, outgoing: ServerResponse): Promise<void> {
  const gone = new AbortController()
  outgoing.once('close', () => gone.abort())
  const watch = watchRate(() => outgoing.destroy())
  try {
    for await (const chunk of bytes) {
      const piece = chunk as Buffer
      if (outgoing.destroyed) return
      if (!outgoing.write(piece)) await once(outgoing, 'drain', { signal: gone.signal })
      watch.add(piece.length)
    }
    outgoing.end()
  } catch (thrown) {
    outgoing.destroy()
    if (!gone.signal.aborted) throw thrown
  } finally {
    watch.stop()
  }
}
