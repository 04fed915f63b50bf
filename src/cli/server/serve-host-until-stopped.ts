import { join, resolve } from 'node:path'

import { serveHost } from '../../agent/index.ts'
import { readHostSettings } from '../../host/index.ts'
import { policyPath } from '../../policy/index.ts'
import { lookUpGroup, openSystemd, systemClock } from '../../system/index.ts'
import type { CliContext } from '../context.ts'

export interface ServeHostValues {
  readonly policy: string | undefined
  readonly state: string | undefined
  readonly socket: string | undefined
  readonly group: string | undefined
}

/** Serves until the first Ctrl-C or SIGTERM; deployments that are under way are taken up by the next start. */
export async function serveHostUntilStopped(
  { place, cwd, io, signal }: CliContext,
  values: ServeHostValues,
): Promise<void> {
  const settings = await readHostSettings(place)
  const { root, runDir } = settings
  const log = (message: string): void => {
    io.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), message })}\n`)
  }
  const systemd = openSystemd({ environment: io.environment, clock: systemClock })
  const service = await serveHost({
    settings,
    readSettings: () => readHostSettings(place),
    policy: resolve(cwd, values.policy ?? policyPath),
    state: resolve(cwd, values.state ?? join(root, 'agent')),
    socket: resolve(cwd, values.socket ?? join(runDir, 'host.sock')),
    ...(values.group === undefined ? {} : { group: lookUpGroup(values.group) }),
    log,
  })
  io.stdout.write(`sluice host serve at ${service.socket}\n`)
  await systemd.ready()
  if (!signal.aborted)
    await new Promise((end) => signal.addEventListener('abort', end, { once: true }))
  await systemd.stopping()
  await service.close()
  systemd.close()
}
