import { statfsSync } from 'node:fs'

import { toAppError } from '../../errors/index.ts'
import { observeApps } from '../../host/index.ts'
import type { ObservedApp } from '../../protocol/index.ts'
import type { ServeContext } from './serve-context.ts'
import { sluiceVersion } from '../../system/index.ts'

/** Milliseconds between two looks at what nobody told us of: drift, and what people do here. */
const pause = 60_000

type LookKind = 'quick' | 'whole'

/** Tells how every app stands: at the start, after every report of a state, and when a look finds it changed. */
export interface Observer {
  /**
   * Looks now; at most one look at a time, and none is missed. A quick one reads no files again of a deploy whose files
   * were read before.
   */
  look(kind: LookKind): Promise<void>
}

export function createObserver(context: ServeContext): Observer {
  let told: string | undefined
  let running: Promise<void> | undefined
  let wanted: LookKind | undefined
  let apps: readonly ObservedApp[] = []

  async function lookOnce(kind: LookKind): Promise<void> {
    const { host, outbox, log } = context
    try {
      apps = await observeApps(host, kind === 'quick' ? apps : [])
      const text = JSON.stringify(apps)
      if (text === told) return
      outbox.tell({
        kind: 'observed',
        apps: [...apps],
        version: sluiceVersion,
        freeBytes: freeBytes(host.layout.root),
      })
      told = text
    } catch (thrown) {
      log(`cannot see how the apps stand: ${toAppError(thrown).message}`)
    }
  }

  async function lookWhileWanted(): Promise<void> {
    while (wanted !== undefined) {
      const kind = wanted
      wanted = undefined
      await lookOnce(kind)
    }
    running = undefined
  }

  return {
    look: (kind) => {
      wanted = wanted === 'whole' ? wanted : kind
      running ??= lookWhileWanted()
      return running
    },
  }
}

/** Looks now and then until the end. */
export async function watchObserved(observer: Observer, context: ServeContext): Promise<void> {
  const { clock, signal } = context
  while (!signal.aborted) {
    await observer.look('whole')
    await clock.sleep(pause, signal).catch(() => undefined)
  }
}

function freeBytes(root: string): number {
  const { bavail, bsize } = statfsSync(root)
  return bavail * bsize
}
