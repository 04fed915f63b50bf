import { AppError } from '../errors/index.ts'
import { acquireLock, tcpListenerInodes } from '../system/index.ts'
import type { Host } from './host.ts'
import { portLockPath } from './layout.ts'
import type { DeployEntry } from './state/app-state.ts'
import { listApps, readAppState } from './state/locked-app.ts'

export interface PortWish {
  /** False for a deploy that listens on a socket only. */
  readonly wanted: boolean
  /** Taken when it is free. */
  readonly preferred: number | undefined
}

/**
 * Chooses the smallest free port of the configured range and hands it to `record`, which must note it durably.
 * Both happen under the host's port lock, so no two deploys of any app record the same one.
 */
export async function choosePort<Result>(
  host: Host,
  wish: PortWish,
  record: (port: number | undefined) => Result,
): Promise<Result> {
  if (!wish.wanted) return record(undefined)
  const lock = await acquireLock(portLockPath(host.layout), {
    purpose: 'choose a port',
    clock: host.clock,
    wait: 10_000,
    signal: host.signal,
  })
  try {
    const recorded = recordedPorts(host)
    return record(
      smallestFree(
        host.settings.ports,
        wish.preferred,
        (port) => !recorded.has(port) && !isTaken(port),
      ),
    )
  } finally {
    lock.release()
  }
}

/** Whether a deploy that stays as it is could listen where it is recorded to: it runs there, or nobody else does. */
export function hasItsPort(host: Host, { port, wanted }: DeployEntry): boolean {
  if (port === undefined || wanted !== 'stopped') return true
  return !recordedPorts(host).has(port) && !isTaken(port)
}

/** The preferred port when free, else the smallest free one from `from` to `to`, both included. */
export function smallestFree(
  range: { readonly from: number; readonly to: number },
  preferred: number | undefined,
  isFree: (port: number) => boolean,
): number {
  if (preferred !== undefined && isFree(preferred)) return preferred
  for (let port = range.from; port <= range.to; port++) {
    if (isFree(port)) return port
  }
  throw new AppError('no-port', `no free port from ${range.from} to ${range.to}`, {
    hint: 'stop deploys you no longer need (`sluice status`), or widen `ports` in sluice.yaml',
  })
}

/** Ports of all deploys that run or are about to; a stopped one gave its port back. */
function recordedPorts({ layout }: Host): Set<number> {
  const entries = listApps(layout).flatMap((app) =>
    Object.values(readAppState(layout, app).deploys),
  )
  const ports = entries.filter(({ wanted }) => wanted !== 'stopped').map(({ port }) => port)
  return new Set(ports.filter((port) => port !== undefined))
}

function isTaken(port: number): boolean {
  return tcpListenerInodes(port).length > 0
}
