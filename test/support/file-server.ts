import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { createHash } from 'node:crypto'

/** Answers a request itself (true), or leaves it to the files. */
export type Fault = (request: IncomingMessage, response: ServerResponse, number: number) => boolean

export interface FileServer {
  readonly url: string
  /** Requests so far, oldest first. */
  readonly requests: IncomingMessage[]
  /** Asked before every answer. */
  fault: Fault
}

/** A web server for the files of a directory, with ETags and ranges, that can be made to misbehave. */
export async function startFileServer(t: TestContext, directory: string): Promise<FileServer> {
  const server = createServer((request, response) => {
    files.requests.push(request)
    if (files.fault(request, response, files.requests.length)) return
    serve(directory, request, response)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const files: FileServer = { url: `http://127.0.0.1:${port}/`, requests: [], fault: () => false }
  return files
}

function serve(directory: string, request: IncomingMessage, response: ServerResponse): void {
  const bytes = readOrNothing(
    join(directory, decodeURIComponent(request.url ?? '').replaceAll('..', '')),
  )
  if (bytes === undefined) {
    response.writeHead(404, { 'content-type': 'text/html' }).end('<html>not here</html>')
    return
  }
  const etag = `"${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}"`
  const [, from] = /^bytes=(\d+)-$/.exec(request.headers.range ?? '') ?? []
  const isSame = request.headers['if-range'] === etag
  if (from === undefined || !isSame) {
    response.writeHead(200, { 'content-length': bytes.length, etag }).end(bytes)
    return
  }
  const start = Number(from)
  if (start >= bytes.length) {
    response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end()
    return
  }
  const headers = {
    'content-length': bytes.length - start,
    'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}`,
    etag,
  }
  response.writeHead(206, headers).end(bytes.subarray(start))
}

function readOrNothing(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch {
    return undefined
  }
}
