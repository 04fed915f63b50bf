import type { Clock } from './clock.ts'
import { run } from './run-command.ts'

export interface Systemd {
  ready(): Promise<void>
  stopping(): Promise<void>
  /** Tells no more. */
  close(): void
}

export interface SystemdOptions {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
}

/**
 * Tells systemd how we are, where it asks: by `systemd-notify`, because the socket is one of datagrams, which Node
 * cannot open. The unit needs `NotifyAccess=all`. A blocked event loop feeds no watchdog, and systemd starts us again.
 */
export function openSystemd({ environment, clock }: SystemdOptions): Systemd {
  const socket = environment['NOTIFY_SOCKET']
  const closing = new AbortController()
  const tell = async (word: string): Promise<void> => {
    if (socket === undefined) return
    const env = { NOTIFY_SOCKET: socket, PATH: environment['PATH'] ?? '/usr/bin:/bin' }
    await run(['systemd-notify', word], { env, timeout: 5000 }).catch(() => undefined)
  }
  const watch = async (): Promise<void> => {
    const pause = watchdogPause(environment)
    if (pause === undefined) return
    while (await slept(clock, pause, closing.signal)) await tell('WATCHDOG=1')
  }
  return {
    ready: async () => {
      await tell('--ready')
      void watch()
    },
    stopping: () => tell('STOPPING=1'),
    close: () => closing.abort(),
  }
}

/** A third of what systemd allows, in milliseconds; undefined without a watchdog. */
function watchdogPause({
  WATCHDOG_USEC: text,
}: Readonly<Record<string, string | undefined>>): number | undefined {
  const microseconds = Number(text)
  return microseconds > 0 ? microseconds / 3000 : undefined
}

async function slept(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<boolean> {
  return await clock.sleep(milliseconds, signal).then(
    () => true,
    () => false,
  )
}
