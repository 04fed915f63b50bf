import type { Client } from 'pg'

import type { Clock, Secret } from '../../../system/index.ts'
import { retryDelay } from '../database.ts'
import type { RaiseHint } from '../storage.ts'
import { raisedChannel } from '../tables/triggers.ts'
import { connectClient } from './connect.ts'

export interface Listener {
  onRaised(hint: RaiseHint): () => void
  close(): Promise<void>
}

/**
 * Passes on what other servers notify, over a connection of its own that is made again whenever it is lost. After each new
 * one everything may have changed.
 */
export function openListener(
  url: Secret,
  { clock, random }: { clock: Clock; random: () => number },
): Listener {
  const hints = new Set<RaiseHint>()
  const closing = new AbortController()
  const told: RaiseHint = (triggers) => hints.forEach((hint) => hint(triggers))
  let running: Promise<void> | undefined

  async function run(): Promise<void> {
    for (let failures = 0; !closing.signal.aborted; failures++) {
      const lasted = await listenOnce(url, told, closing.signal)
      if (lasted) failures = 0
      await clock.sleep(retryDelay(failures + 1, random) * 5, closing.signal).catch(() => undefined)
    }
  }
  return {
    onRaised: (hint) => {
      hints.add(hint)
      running ??= run()
      return () => void hints.delete(hint)
    },
    close: async () => {
      closing.abort()
      await running
    },
  }
}

/** Listens until the connection ends; false when there was none to be had. */
async function listenOnce(url: Secret, told: RaiseHint, signal: AbortSignal): Promise<boolean> {
  let client: Client
  try {
    client = await connectClient(url)
  } catch {
    // Whoever polls behind us meets the same trouble and reports it.
    return false
  }
  const ended = new Promise<void>((resolve) => {
    client.once('end', resolve)
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
  try {
    client.on('notification', ({ payload }) => told(parseNotice(payload)))
    await client.query(`listen ${raisedChannel}`)
    told(undefined)
    if (!signal.aborted) await ended
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** The triggers that a notification names; undefined, for any, when it names none or is not ours. */
export function parseNotice(text: string | undefined): string[] | undefined {
  try {
    const names: unknown = JSON.parse(text ?? '')
    const isList = Array.isArray(names) && names.every((name) => typeof name === 'string')
    return isList ? names : undefined
  } catch {
    return undefined
  }
}
