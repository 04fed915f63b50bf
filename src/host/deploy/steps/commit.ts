import { createHash } from 'node:crypto'

import type { GatedBy } from '../../../protocol/index.ts'
import { currentBinding, type AppState, type Binding } from '../../state/app-state.ts'
import { connectedEndpoints } from '../deploy-target.ts'
import { known, releaseOf, type DeployContext, type DeployStep } from '../deploy-context.ts'

/** Earlier bindings kept for `rollback --to`. */
const rememberedBindings = 99

/** Writes the new binding: once it is journaled the deployment goes forward only. */
export const commit: DeployStep = {
  name: 'commit',
  run: async (context) => {
    const binding = newBinding(context)
    context.app.update((state) => bind(state, binding, context))
    return { detail: `state ${binding.stateDigest.slice(0, 12)}` }
  },
  // When the disk refuses the state or the journal, the binding may be there already. It goes before anything else.
  undo: async ({ app, deployment }) => app.update((state) => unbind(state, deployment)),
}

function newBinding(context: DeployContext): Binding {
  const { request, deployment, host } = context
  const contextHash = known(context, 'contextHash')
  const endpoints = connectedEndpoints(host.routes.load(), context.app.state.app, request.label)
  return {
    deployment,
    at: host.clock.now(),
    label: request.label,
    release: releaseOf(context),
    role: request.role,
    contextHash,
    endpoints,
    stateDigest: digestState(context, endpoints),
    ...(request.gated === undefined ? {} : { gated: request.gated }),
  }
}

/** Equal for two bindings that put the same archive, rendered files, process and routes on the host. */
function digestState(context: DeployContext, endpoints: readonly string[]): string {
  const { service, startCommand, stopCommand } = known(context, 'manifest')
  const parts = [
    releaseOf(context).digest,
    known(context, 'treeDigest'),
    { service, startCommand, stopCommand },
    endpoints,
  ]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}

function bind(before: AppState, binding: Binding, { request, host }: DeployContext): AppState {
  const { gated } = binding
  const state = gated === undefined ? before : manageBy(before, gated)
  // After a crash between this write and the journal the binding is already there.
  const already = currentBinding(state)?.deployment === binding.deployment
  const bindings = already
    ? state.bindings
    : [...state.bindings.slice(-rememberedBindings), binding]
  const { rejects } = request
  if (rejects === undefined) return { ...state, bindings }
  const rejected = state.bindings.findLast(
    ({ release }) => release.digest === rejects.digest,
  )?.release
  const entry = {
    name: rejected?.name ?? state.app,
    version: rejected?.version ?? '',
    reason: rejects.reason,
    by: host.operator,
    at: host.clock.now(),
    deployment: binding.deployment,
  }
  return { ...state, bindings, quarantine: { [rejects.digest]: entry, ...state.quarantine } }
}

function unbind(state: AppState, deployment: string): AppState {
  const rejected = Object.entries(state.quarantine)
  const bindings = state.bindings.filter((binding) => binding.deployment !== deployment)
  return {
    ...manageAsBefore(state, bindings),
    bindings,
    quarantine: Object.fromEntries(rejected.filter(([, entry]) => entry.deployment !== deployment)),
  }
}

function manageBy({ disturbed: _over, ...state }: AppState, managed: GatedBy): AppState {
  return { ...state, managed }
}

/** What the server wanted before, when the binding that goes was its own. */
function manageAsBefore(state: AppState, bindings: readonly Binding[]): AppState {
  if (bindings.length === state.bindings.length) return state
  const { managed: _gone, ...rest } = state
  const managed = bindings.findLast(({ gated }) => gated !== undefined)?.gated
  return managed === undefined ? rest : { ...rest, managed }
}
