import type { IncomingMessage } from 'node:http'

/** Bytes of a body; the reference's requests have a few hundred. */
export const longestBody = 64 * 1024

/** A body as text; undefined when it is too long, which is known before it is read where its length is told. */
export async function readBody(request: IncomingMessage): Promise<string | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > longestBody) return undefined
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > longestBody) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
