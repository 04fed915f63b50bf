import type { IncomingHttpHeaders } from 'node:http'

/** What of a file to send: bytes `start` to `end`, both included, or nothing that the file has. */
export type Selection =
  | { readonly type: 'whole' }
  | { readonly type: 'part'; readonly start: number; readonly end: number }
  | { readonly type: 'outside' }

/**
 * Reads a Range header. Several ranges, and what is none, are answered with the whole file; so is a range of another
 * version than the file has now, which If-Range names by one of `validators`.
 */
export function selectBytes(
  headers: IncomingHttpHeaders,
  file: { readonly size: number; readonly validators: readonly string[] },
): Selection {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(headers.range ?? '') ?? []
  const ifRange = headers['if-range']
  const isOther = ifRange !== undefined && !file.validators.includes(String(ifRange))
  if ((first === '' && last === '') || isOther) return { type: 'whole' }
  const start = first === '' ? Math.max(0, file.size - Number(last)) : Number(first)
  const end = first === '' || last === '' ? file.size - 1 : Math.min(Number(last), file.size - 1)
  if (start < file.size && start <= end) return { type: 'part', start, end }
  // The end before the beginning is no range at all; a beginning behind the file is one of nothing.
  return start < file.size ? { type: 'whole' } : { type: 'outside' }
}
