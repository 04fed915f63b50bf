import type { IncomingMessage } from 'node:http'

import { AppError } from '../../errors/index.ts'
import { tooLarge } from './read-body.ts'
import { slowestTransfer, watchRate } from './watch-rate.ts'

/** Milliseconds for a whole body, however large. */
const longestUpload = 2 * 60 * 60_000

export interface StreamLimits {
  readonly cap: number
  /** The least that must come in each window of milliseconds. */
  readonly slowest?: { readonly bytes: number; readonly window: number }
}

/**
 * The body piece by piece; the next one is taken off the connection when this one is done with.
 * @throws AppError `request-too-large`; `request-invalid` when it is cut off or too slow.
 */
export async function* streamBody(
  incoming: IncomingMessage,
  { cap, slowest = slowestTransfer }: StreamLimits,
): AsyncGenerator<Buffer> {
  const stop = (how: string): void => void incoming.destroy(failed(how))
  const watch = watchRate(() => stop('came too slowly'), slowest)
  const timer = setTimeout(() => stop('took too long'), longestUpload)
  let length = 0
  try {
    // The answer goes out by the same connection, so leaving early must not destroy it.
    for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
      const bytes = chunk as Buffer
      length += bytes.length
      if (length > cap) throw tooLarge(cap)
      watch.add(bytes.length)
      yield bytes
    }
  } catch (thrown) {
    throw thrown instanceof AppError ? thrown : failed('was cut off')
  } finally {
    watch.stop()
    clearTimeout(timer)
  }
  if (!incoming.complete) throw failed('was cut off')
}

function failed(how: string): AppError {
  return new AppError('request-invalid', `the body ${how}`)
}
