import type { ServerResponse } from 'node:http'

/** Bytes that may wait for a reader; one who lets more pile up comes back with `Last-Event-ID`. */
const mostWaiting = 256 * 1024

/** Sends server-sent events until there are no more, or nobody reads them fast enough. */
export async function sendEvents(
  outgoing: ServerResponse,
  events: AsyncIterable<string>,
): Promise<void> {
  outgoing.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    // Proxies in between must not keep events back.
    'x-accel-buffering': 'no',
  })
  outgoing.flushHeaders()
  try {
    for await (const text of events) {
      if (outgoing.destroyed) return
      outgoing.write(text)
      if (outgoing.writableLength > mostWaiting) return void outgoing.destroy()
    }
  } finally {
    if (!outgoing.destroyed) outgoing.end()
  }
}
