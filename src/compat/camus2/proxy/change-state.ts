import { toAppError } from '../../../errors/index.ts'
import type { Step } from '../../../steps/index.ts'
import { pathExists, type FileLock } from '../../../system/index.ts'
import { proxyMode, type Camus2 } from '../camus2.ts'
import { ownPaths } from '../deploys-directory.ts'
import { runJournaled, type DeedContext } from '../journal.ts'
import { needsAws } from '../needs-aws.ts'
import { readState, writeState, type State } from '../state.ts'
import { actionsFor, applyAction, resolveConnections, type Action } from './actions.ts'
import { executeAction, setEndPoints } from './execute-action.ts'

export interface StateChange {
  /** The command, such as `connect`. */
  readonly kind: string
  readonly request: unknown
  readonly lock: FileLock
  /** The wanted state; it may refuse. */
  readonly wanted: (state: State) => State
}

/** Brings the machine to the wanted state, action by action; state.json is written after each of them. */
export async function changeState(camus2: Camus2, change: StateChange): Promise<void> {
  const proxy = localProxyMode(camus2)
  const state = readState(camus2.config)
  const actions = actionsFor(state, change.wanted(state), proxy)
  if (pathExists(ownPaths(camus2.config).proxyUnsure)) await settleProxy(camus2, state)
  const steps = actions.map((action) => actionStep(camus2, action))
  await runJournaled(camus2, { ...change, steps })
}

/** The proxy mode of a machine that keeps its own state. @throws AppError `unsupported` for remote state. */
export function localProxyMode(camus2: Camus2): ReturnType<typeof proxyMode> {
  const proxy = proxyMode(camus2)
  if (proxy.remoteStateS3 === undefined) return proxy
  throw needsAws(`the remote state ${proxy.remoteStateS3}`)
}

/** What the journal calls an action. */
export function actionName(action: Action): string {
  return action.type === 'set-endpoints' ? action.type : `${action.type} ${action.deploy.label}`
}

function actionStep(camus2: Camus2, action: Action): Step<DeedContext> {
  return {
    name: actionName(action),
    run: async () => {
      await executeAction(camus2, action, () => {
        writeState(camus2.config, applyAction(readState(camus2.config), action))
      })
      return {}
    },
  }
}

/**
 * An earlier command ended while it changed the proxy, which may thus serve a deploy that state.json says is not
 * connected. It is put back before anything else, lest that deploy be stopped. A failure is not this command's.
 */
async function settleProxy(camus2: Camus2, state: State): Promise<void> {
  const log = camus2.log.scope('Restoring the proxy after an interrupted command')
  const live = resolveConnections(state, proxyMode(camus2))
  try {
    await setEndPoints({ ...camus2, log }, live, () => undefined)
  } catch (error) {
    log.info(`the proxy could not be restored: ${toAppError(error).message}`)
  }
}
