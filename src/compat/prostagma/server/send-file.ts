import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'

import { selectBytes, type CachedFile } from '../../../control/index.ts'

/** Answers with a file or the part of it that is asked for, and releases it. */
export async function sendFile(
  file: CachedFile,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const lastModified = new Date(file.storedAt).toUTCString()
    response.setHeader('last-modified', lastModified)
    response.setHeader('accept-ranges', 'bytes')
    if (isUnchanged(request, file)) return void response.writeHead(304).end()
    response.setHeader('content-type', 'application/octet-stream')
    await sendBytes(file, lastModified, { request, response })
  } finally {
    file.release()
  }
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

async function sendBytes(
  file: CachedFile,
  lastModified: string,
  { request, response }: Exchange,
): Promise<void> {
  const { size } = file
  const selection = selectBytes(request.headers, { size, validators: [lastModified] })
  if (selection.type === 'outside') {
    return void response.writeHead(416, { 'content-range': `bytes */${size}` }).end()
  }
  const { start, end } = selection.type === 'part' ? selection : { start: 0, end: size - 1 }
  const status = selection.type === 'part' ? 206 : 200
  if (status === 206) response.setHeader('content-range', `bytes ${start}-${end}/${size}`)
  response.writeHead(status, { 'content-length': end - start + 1 })
  if (size === 0) return void response.end()
  await pipeline(file.read(start, end), response)
}

function isUnchanged({ headers }: IncomingMessage, { storedAt }: CachedFile): boolean {
  const since = Date.parse(headers['if-modified-since'] ?? '')
  return !Number.isNaN(since) && Math.floor(storedAt / 1000) * 1000 <= since
}
