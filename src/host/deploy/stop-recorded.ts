import { join } from 'node:path'

import { changeDeploy } from '../state/app-state.ts'
import type { DeployContext } from './deploy-context.ts'
import { findDeployRecord } from './deploy-record.ts'
import { runReleaseCommand } from './release-command.ts'
import { serviceSpec } from './service-spec.ts'

/** Stops a recorded deploy, notes it and runs its afterStop hook; one that is gone or stopped already is success. */
export async function stopRecorded(context: DeployContext, label: string): Promise<void> {
  const { host, app, signal } = context
  const entry = app.state.deploys[label]
  if (entry === undefined) return
  const record = findDeployRecord(join(app.paths.deploys, label))
  if (record === undefined) {
    const text = `the directory of deploy "${label}" is gone; it is taken for stopped`
    host.report({ type: 'notice', level: 'warning', text })
  } else {
    const spec = serviceSpec(host, app.state.app, entry, record)
    await host.driver(entry.driver).stop(spec, { clock: host.clock, signal })
  }
  // Before the hook: whatever comes of that, the deploy does not run any more.
  app.update((state) => changeDeploy(state, label, { wanted: 'stopped' }))
  const hook = record?.manifest.hooks.afterStop
  if (hook !== undefined)
    await runReleaseCommand(context, { step: `after-stop-${label}`, label, ...hook })
}
