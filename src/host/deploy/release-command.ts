import { join } from 'node:path'

import { AppError } from '../../errors/index.ts'
import { assertHookSucceeded } from '../hooks/describe-hook.ts'
import { readHookState } from '../hooks/hook-record.ts'
import type { HookRequest, HookResult } from '../hooks/hook-runner.ts'
import { runHook } from '../hooks/run-hook.ts'
import type { DeployContext } from './deploy-context.ts'
import { readDeployRecord } from './deploy-record.ts'
import { serviceSpec } from './service-spec.ts'

export interface ReleaseCommand {
  /** Names the attempt; the same name in the same deployment is the same attempt. */
  readonly step: string
  readonly command: string
  readonly timeout: number
  readonly idempotent: boolean
  /** Deploy whose directory and environment it runs in; the deployment's own unless given. */
  readonly label?: string
}

/**
 * Runs a command of the release in its deploy's directory, at most once per deployment and step; after a crash it
 * attaches to the command that still runs, or reports its true end.
 * @throws AppError `command-failed`, `command-timeout`, `outcome-unknown`.
 */
export async function runReleaseCommand(
  context: DeployContext,
  order: ReleaseCommand,
): Promise<HookResult> {
  const { host, signal } = context
  const line = (text: string): void => host.report({ type: 'output', step: order.step, line: text })
  const result = await runHook(hookRequest(context, order), { clock: host.clock, signal, line })
  assertHookSucceeded(`the ${order.step} command (${order.command})`, result)
  return result
}

/**
 * Waits for the end of a command that an interrupted run of us started, before anything it may depend on is taken
 * away; how it ends no longer matters.
 */
export async function outwaitReleaseCommand(
  context: DeployContext,
  order: ReleaseCommand,
): Promise<void> {
  if (readHookState(hookDirectory(context, order)).state !== 'running') return
  const { host, signal } = context
  const text = `waiting for the ${order.step} command, which still runs`
  host.report({ type: 'notice', level: 'info', text })
  await runHook(hookRequest(context, order), { clock: host.clock, signal })
}

function hookRequest(context: DeployContext, order: ReleaseCommand): HookRequest {
  const { host, app, deployment } = context
  const label = order.label ?? context.request.label
  const entry = app.state.deploys[label]
  if (entry === undefined) throw new AppError('not-found', `no deploy is labelled "${label}"`)
  const record = readDeployRecord(join(app.paths.deploys, label))
  const { directory, env, owner } = serviceSpec(host, app.state.app, entry, record)
  return {
    directory: hookDirectory(context, order),
    name: `${deployment}-${order.step}`,
    command: order.command,
    cwd: directory,
    env: { ...env, SLUICE_DEPLOYMENT: deployment },
    owner,
    timeout: order.timeout,
    idempotent: order.idempotent,
    mayLeaveProcesses: false,
  }
}

function hookDirectory({ app, deployment }: DeployContext, { step }: ReleaseCommand): string {
  return join(app.paths.log, deployment, step)
}
