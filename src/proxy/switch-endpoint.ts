import { AppError, toAppError } from '../errors/index.ts'
import type { Reporter } from '../events/index.ts'
import { acquireLock, type Clock } from '../system/index.ts'
import type { ProbeResult, ProxyDriver } from './proxy-driver.ts'
import { connectRoutes, findRoute, standingChanges, type EndpointChange } from './route-changes.ts'
import type { RouteStore } from './route-store.ts'
import type { Route, RouteTable } from './routes.ts'

export interface SwitchContext {
  readonly driver: ProxyDriver
  readonly routes: RouteStore
  readonly clock: Clock
  readonly report: Reporter
  readonly signal: AbortSignal
  /** How a switch is proved; every part has a default. */
  readonly probe?: Partial<SwitchProof>
  /** Milliseconds to wait for another switch on this host; 60,000 unless told. */
  readonly lockWait?: number
}

export interface SwitchProof {
  /** Path asked for through the endpoint. */
  readonly path: string
  /** Milliseconds in which generation and healthy answer must be seen. */
  readonly within: number
  /** Milliseconds between two tries. */
  readonly interval: number
  /** Milliseconds for one question. */
  readonly timeout: number
  readonly accepts: (status: number) => boolean
}

const defaultProof: SwitchProof = {
  path: '/',
  within: 5000,
  interval: 50,
  timeout: 2000,
  accepts: (status) => status < 500,
}

/**
 * Moves endpoints to other deploys, all or none: the new table is made durable, given to the proxy and proved by
 * reading each generation back and by a healthy answer through each connected endpoint. What `configure` changes of the
 * endpoints themselves is given to the proxy first, under the same lock. Without the proof the endpoints go back to where they were. May be called again after a crash anywhere inside: what is already durable
 * is applied and proved again; such a call knows no earlier deploys, so its caller's undo must name them.
 * Answers the table that serves now.
 * @throws AppError `switch-failed`, `proxy-failed` (both: the old deploys serve), `endpoint-taken`, `not-found`,
 * `locked`, `aborted`, `undo-failed` when going back failed too.
 */
export async function switchEndpoint(
  context: SwitchContext,
  changes: readonly EndpointChange[],
  configure: ChangeTable = (table) => table,
): Promise<RouteTable> {
  const names = changes.map((change) => change.endpoint)
  for (const { target } of changes) if (target !== undefined) context.driver.assertSuitable(target)
  return await underProxyLock(context, `switch ${names.join(', ')}`, async () => {
    const before = await followConfiguration(context, configure)
    return await moveEndpoints(context, before, standingChanges(before, changes))
  })
}

/** A changed configuration, as a change of the table that moves no traffic. */
export type ChangeTable = (table: RouteTable) => RouteTable

async function moveEndpoints(
  context: SwitchContext,
  before: RouteTable,
  changes: readonly EndpointChange[],
): Promise<RouteTable> {
  if (changes.length === 0) return before
  const names = changes.map((change) => change.endpoint)
  const after = connectRoutes(before, changes)
  await context.driver.ensureRunning(before)
  if (after !== before) context.routes.save(after)
  try {
    await applyAndProve(context, after, names)
    return after
  } catch (failure) {
    const second = await goBack(context, before, names)
    throw second === undefined ? nameFailure(context, failure) : undoFailed(failure, second)
  }
}

/** Gives the proxy the endpoints of a changed configuration, before and apart from what the switch may take back. */
async function followConfiguration(
  context: SwitchContext,
  configure: ChangeTable,
): Promise<RouteTable> {
  const before = context.routes.load()
  const after = configure(before)
  if (after === before) return before
  await context.driver.ensureRunning(before)
  context.routes.save(after)
  try {
    await context.driver.apply(after)
    return after
  } catch (failure) {
    const restored = { ...before, generation: after.generation + 1 }
    context.routes.save(restored)
    await context.driver.apply(restored).catch(() => undefined)
    throw toAppError(failure)
  }
}

/**
 * Brings the proxy to the durable table: after a crash, a reboot, or whenever in doubt.
 * @throws AppError `proxy-failed`, `locked`
 */
export async function settleProxy(context: SwitchContext): Promise<RouteTable> {
  return await underProxyLock(context, 'settle the proxy', async () => {
    const table = context.routes.load()
    await context.driver.ensureRunning(table)
    await context.driver.apply(table)
    return table
  })
}

async function underProxyLock<Result>(
  context: SwitchContext,
  purpose: string,
  work: () => Promise<Result>,
): Promise<Result> {
  const { clock, signal, lockWait = 60_000 } = context
  const lock = await acquireLock(context.routes.lockPath, {
    purpose,
    clock,
    wait: lockWait,
    signal,
  })
  try {
    return await work()
  } finally {
    lock.release()
  }
}

async function applyAndProve(
  context: SwitchContext,
  table: RouteTable,
  names: readonly string[],
): Promise<void> {
  await context.driver.apply(table)
  const proof = { ...defaultProof, ...context.probe }
  await Promise.all(names.map((name) => proveRoute(context, findRoute(table, name), proof)))
}

async function proveRoute(context: SwitchContext, route: Route, proof: SwitchProof): Promise<void> {
  const { driver, clock, signal } = context
  const deadline = clock.monotonic() + proof.within
  for (;;) {
    signal.throwIfAborted()
    const found = await driver.probe(route, { path: proof.path, timeout: proof.timeout })
    const problem = findProblem(route, found, proof)
    if (problem === undefined) return
    if (clock.monotonic() + proof.interval > deadline) throw notProved(route, problem, proof)
    await clock.sleep(proof.interval, signal)
  }
}

function findProblem(route: Route, found: ProbeResult, proof: SwitchProof): string | undefined {
  if (found.generation === undefined) return 'the proxy does not tell its generation'
  if (found.generation !== route.generation) {
    return `the proxy is at generation ${found.generation} instead of ${route.generation}`
  }
  if (route.target === undefined) return undefined
  if (found.status === undefined) return 'no answer came through the endpoint'
  return proof.accepts(found.status) ? undefined : `${proof.path} answers ${found.status}`
}

function notProved(route: Route, problem: string, proof: SwitchProof): AppError {
  const { endpoint, target } = route
  const to = target === undefined ? 'disconnected' : `switched to ${target.app}/${target.label}`
  return new AppError(
    'switch-failed',
    `endpoint ${endpoint.name} could not be proved ${to} within ${proof.within} ms: ${problem}`,
    { hint: 'the old routes were restored; look at the log of the deploy and at `sluice doctor`' },
  )
}

/**
 * Restores the endpoints as they were, with the numbers they had: what already serves so needs no change at all, and
 * no number ever names two targets. Answers what went wrong, if anything did.
 */
async function goBack(
  context: SwitchContext,
  before: RouteTable,
  names: readonly string[],
): Promise<unknown> {
  try {
    const present = context.routes.load()
    const old = names.map((name) => [name, findRoute(before, name)] as const)
    const restored: RouteTable = {
      generation: present.generation + 1,
      routes: { ...present.routes, ...Object.fromEntries(old) },
    }
    context.routes.save(restored)
    await context.driver.apply(restored)
    return undefined
  } catch (failure) {
    return failure
  }
}

function nameFailure({ signal }: SwitchContext, failure: unknown): AppError {
  if (failure instanceof AppError || !signal.aborted) return toAppError(failure)
  return new AppError('aborted', 'the switch was stopped before it was proved', {
    hint: 'the endpoints were switched back',
    cause: failure,
  })
}

function undoFailed(first: unknown, second: unknown): AppError {
  return new AppError(
    'undo-failed',
    `${toAppError(first).message}; switching back failed too: ${toAppError(second).message}`,
    {
      hint: 'repair the proxy, then run `sluice boot`',
      cause: new AggregateError([first, second], 'switch and way back failed'),
    },
  )
}
