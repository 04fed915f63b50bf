import { once } from 'node:events'
import type { ServerResponse } from 'node:http'

/** Milliseconds in which a reader must take what piled up; one who does not comes back with `Last-Event-ID`. */
const usualPatience = 30_000

/** Sends server-sent events until there are no more, or nobody reads them. Next to nothing is kept for slow readers. */
export async function sendEvents(
  outgoing: ServerResponse,
  events: AsyncIterable<string>,
  patience = usualPatience,
): Promise<void> {
  const gone = new AbortController()
  outgoing.once('close', () => gone.abort())
  outgoing.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    // Proxies in between must not keep events back.
    'x-accel-buffering': 'no',
  })
  for await (const text of events) {
    if (outgoing.destroyed) return
    if (!outgoing.write(text) && !(await drained(outgoing, gone.signal, patience))) return
  }
  outgoing.end()
}

/** False when the reader has gone, also for being too slow. */
async function drained(
  outgoing: ServerResponse,
  gone: AbortSignal,
  patience: number,
): Promise<boolean> {
  const timer = setTimeout(() => outgoing.destroy(), patience)
  try {
    await once(outgoing, 'drain', { signal: gone })
    return true
  } catch {
    return false
  } finally {
    clearTimeout(timer)
  }
}
