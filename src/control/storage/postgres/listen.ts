import type { Client } from 'pg'

import type { Clock, Secret } from '../../../system/index.ts'
import { retryDelay } from '../database.ts'
import { changeChannels, type ChangedKind, type Changes } from '../changes.ts'
import { connectClient } from './connect.ts'

export interface Listener {
  /** Begins to listen, once. */
  start(): void
  close(): Promise<void>
}

type Told = (kind: ChangedKind | undefined, names: readonly string[] | undefined) => void

/**
 * Passes on what servers notify, over a connection of its own that is made again whenever it is lost. After each new
 * one everything may have changed.
 */
export function openListener(
  url: Secret,
  { clock, random, changes }: { clock: Clock; random: () => number; changes: Changes },
): Listener {
  const closing = new AbortController()
  const told: Told = (kind, names) => {
    for (const each of kind === undefined ? kinds : [kind]) changes.tell(each, names)
  }
  let running: Promise<void> | undefined

  async function run(): Promise<void> {
    for (let failures = 0; !closing.signal.aborted; failures++) {
      const lasted = await listenOnce(url, told, closing.signal)
      if (lasted) failures = 0
      await clock.sleep(retryDelay(failures + 1, random) * 5, closing.signal).catch(() => undefined)
    }
  }
  return {
    start: () => void (running ??= run()),
    close: async () => {
      closing.abort()
      await running
    },
  }
}

/** Listens until the connection ends; false when there was none to be had. */
async function listenOnce(url: Secret, told: Told, signal: AbortSignal): Promise<boolean> {
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
    client.on('notification', ({ channel, payload }) => told(kindOf(channel), parseNotice(payload)))
    for (const kind of kinds) await client.query(`listen ${changeChannels[kind]}`)
    told(undefined, undefined)
    if (!signal.aborted) await ended
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => undefined)
  }
}

const kinds = ['triggers', 'agents'] as const

function kindOf(channel: string): ChangedKind | undefined {
  return kinds.find((kind) => changeChannels[kind] === channel)
}

/** The names in a notification; undefined, for any, when it names none or is not ours. */
export function parseNotice(text: string | undefined): string[] | undefined {
  try {
    const names: unknown = JSON.parse(text ?? '')
    const isList = Array.isArray(names) && names.every((name) => typeof name === 'string')
    return isList ? names : undefined
  } catch {
    return undefined
  }
}
