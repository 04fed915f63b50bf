import { AppError, toAppError } from '../../errors/index.ts'
import type { DeploymentResult } from '../../protocol/index.ts'
import { lastHolder, signalProcess } from '../../system/index.ts'
import { continueDeployment } from '../deploy/run-deployment.ts'
import type { Host } from '../host.ts'
import { appPaths } from '../layout.ts'
import { isBound } from '../state/app-state.ts'
import { listApps, readAppState, withLockedApp } from '../state/locked-app.ts'
import { chooseApp } from './choose-app.ts'

/** Takes an interrupted deployment up where it stopped. Excludes the revert by the app's lock. */
export async function resumeDeployment(
  host: Host,
  wish: { readonly deployment?: string },
): Promise<DeploymentResult> {
  const { app, deployment } = findUnfinished(host, wish.deployment)
  const result = await settle(host, { app, deployment, direction: 'forward', wait: host.wait })
  if (result !== undefined) return result
  throw new AppError('not-found', `nothing of deployment ${deployment} is left to resume`, {
    hint: 'it has ended, or was cut off before its first step; see `sluice history`',
  })
}

/**
 * What the revert timer runs: takes the deployment back unless it has ended or was committed. Whoever works on it
 * gets a moment to end; a run that hangs is killed, which is safe anywhere, and its deployment taken back.
 */
export async function revertDeployment(
  host: Host,
  wish: { readonly app: string; readonly deployment: string },
): Promise<DeploymentResult | undefined> {
  const order: Settlement = {
    app: chooseApp(host, wish.app),
    deployment: wish.deployment,
    direction: 'back',
    wait: Math.max(host.wait, revertPatience),
  }
  try {
    return await settle(host, order)
  } catch (thrown) {
    if (toAppError(thrown).code !== 'locked' || !killHungHolder(host, wish)) throw thrown
    return await settle(host, order)
  }
}

/** Milliseconds the revert waits for whoever works on the app, before it takes them for hung. */
const revertPatience = 5000

/** Kills the process that holds the app's lock for this very deployment; false when it works on something else. */
function killHungHolder(
  { layout, report }: Host,
  { app, deployment }: { readonly app: string; readonly deployment: string },
): boolean {
  const state = readAppState(layout, app)
  // Behind the commit there is nothing to take back, and draining may take its time.
  if (state.unfinished !== deployment || isBound(state, deployment)) return false
  const holder = lastHolder(appPaths(layout, app).lock)
  if (holder === undefined || !signalProcess(holder.process, 'SIGKILL')) return false
  const text = `process ${holder.process.pid} hung in "${holder.purpose}" and was killed`
  report({ type: 'notice', level: 'warning', text })
  return true
}

interface Settlement {
  readonly app: string
  readonly deployment: string
  readonly direction: 'forward' | 'back'
  readonly wait: number
}

async function settle(host: Host, order: Settlement): Promise<DeploymentResult | undefined> {
  const { clock, signal, layout } = host
  const purpose = `${order.direction === 'forward' ? 'resume' : 'revert'} ${order.deployment}`
  return await withLockedApp(
    layout,
    order.app,
    { purpose, clock, signal, wait: order.wait },
    async (app) => {
      if (app.state.unfinished !== order.deployment) return undefined
      return await continueDeployment(host, app, order.direction)
    },
  )
}

function findUnfinished(
  { layout }: Host,
  wanted: string | undefined,
): { app: string; deployment: string } {
  const all = listApps(layout).flatMap((app) => {
    const { unfinished } = readAppState(layout, app)
    return unfinished === undefined ? [] : [{ app, deployment: unfinished }]
  })
  const found = wanted === undefined ? all : all.filter(({ deployment }) => deployment === wanted)
  const [first, second] = found
  if (first !== undefined && second === undefined) return first
  const ids = all.map(({ deployment }) => deployment).join(', ')
  throw new AppError(
    'not-found',
    wanted === undefined
      ? 'no single deployment is unfinished'
      : `deployment "${wanted}" is not unfinished`,
    {
      hint: all.length === 0 ? 'everything has ended; see `sluice history`' : `unfinished: ${ids}`,
    },
  )
}
