import { join } from 'node:path'

import { toAppError } from '../../errors/index.ts'
import { settleProxy } from '../../proxy/index.ts'
import { isDirectory, isLinkTo, swapLink } from '../../system/index.ts'
import { withSettledApp } from '../deploy/lock-app.ts'
import { startRecorded } from '../deploy/start-recorded.ts'
import { switchContext, type Host } from '../host.ts'
import { currentBinding, type DeployEntry } from '../state/app-state.ts'
import { listApps, type LockedApp } from '../state/locked-app.ts'

export interface BootResult {
  readonly started: readonly string[]
  readonly problems: readonly string[]
}

/**
 * Brings back after a reboot what should run: settles what was interrupted, starts every deploy that was wanted,
 * points `current` at the binding in force,
 * rebuilds the run directory and makes the proxy serve the recorded routes. Harmless on a host that runs; after an
 * upgrade it is what gives the proxy's sockets to the new executable.
 */
export async function bootHost(host: Host): Promise<BootResult> {
  const started: string[] = []
  const problems: string[] = []
  for (const app of listApps(host.layout)) {
    try {
      await withSettledApp(host, app, `boot ${app}`, async (store) => {
        const result = await startWanted(host, store)
        started.push(...result.started)
        problems.push(...result.problems)
        restoreCurrent(store)
      })
    } catch (thrown) {
      problems.push(`${app}: ${toAppError(thrown).message}`)
    }
  }
  try {
    await settleProxy(switchContext(host, host.signal))
    await host.proxy.renew?.()
  } catch (thrown) {
    problems.push(`proxy: ${toAppError(thrown).message}`)
  }
  return { started, problems }
}

async function startWanted(host: Host, store: LockedApp): Promise<BootResult> {
  const started: string[] = []
  const problems: string[] = []
  for (const entry of Object.values(store.state.deploys)) {
    if (entry.wanted !== 'running') continue
    const problem = await startEntry(host, store, entry)
    if (problem === undefined) started.push(`${store.state.app}/${entry.label}`)
    else problems.push(problem)
  }
  return { started, problems }
}

/** One app that does not come back must not keep the others down. */
async function startEntry(
  host: Host,
  store: LockedApp,
  entry: DeployEntry,
): Promise<string | undefined> {
  try {
    await startRecorded(host, store, entry, host.signal)
    return undefined
  } catch (thrown) {
    return `${store.state.app}/${entry.label}: ${toAppError(thrown).message}`
  }
}

/** A link that went, or came back from an older copy of the disk, is made anew; one that is right is left alone. */
function restoreCurrent(store: LockedApp): void {
  const { paths, state } = store
  const binding = currentBinding(state)
  if (binding === undefined || !isDirectory(join(paths.deploys, binding.label))) return
  const target = join('deploys', binding.label)
  if (isLinkTo(target, paths.current)) return
  store.assertHeld()
  swapLink(target, paths.current)
}
