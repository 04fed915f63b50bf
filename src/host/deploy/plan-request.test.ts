import assert from 'node:assert/strict'
import test from 'node:test'

import { isName } from '../../config/index.ts'
import { AppError, type ErrorCode } from '../../errors/index.ts'
import type { Route, RouteTable } from '../../proxy/index.ts'
import { emptyAppState, type AppState, type Binding, type DeployEntry } from '../state/app-state.ts'
import {
  chooseEndpoints,
  chooseLabel,
  chooseRetired,
  requestDeploy,
  requestRollback,
  requestStart,
} from './plan-request.ts'

const v1 = { name: 'shop', version: '1', digest: '1'.repeat(64) }
const v2 = { name: 'shop', version: '2', digest: '2'.repeat(64) }

function route(name: string, options: { app?: string; to?: string; of?: string } = {}): Route {
  const { app, to, of = 'shop' } = options
  return {
    endpoint: { name, app, serverNames: [], tls: undefined },
    target: to === undefined ? undefined : { app: of, label: to, kind: 'tcp', port: 8000 },
    generation: 1,
  }
}

function table(...routes: Route[]): RouteTable {
  return {
    generation: 1,
    routes: Object.fromEntries(routes.map((entry) => [entry.endpoint.name, entry])),
  }
}

function deploy(
  label: string,
  release = v1,
  wanted: DeployEntry['wanted'] = 'running',
): DeployEntry {
  return {
    label,
    release,
    wanted,
    port: 8000,
    socketDirectory: undefined,
    driver: 'supervised',
    createdAt: 1,
    deployment: 'd',
  }
}

function binding(label: string, release: typeof v1, deployment = `of-${label}`): Binding {
  return {
    deployment,
    at: 1,
    label,
    release,
    role: undefined,
    contextHash: 'c',
    endpoints: ['main'],
    stateDigest: 's',
  }
}

function state(parts: Partial<AppState> & { entries?: DeployEntry[] } = {}): AppState {
  const { entries = [], ...rest } = parts
  return {
    ...emptyAppState('shop'),
    deploys: Object.fromEntries(entries.map((entry) => [entry.label, entry])),
    ...rest,
  }
}

function hasCode(code: ErrorCode): (error: unknown) => boolean {
  return (error) => error instanceof AppError && error.code === code
}

const resolved = { release: v2, source: { kind: 'store', name: 'shop-2.zip' } } as const

test('a deploy gets <name>-<version>, numbered while that is taken', () => {
  assert.equal(chooseLabel(state(), v1, undefined), 'shop-1')
  const taken = state({ entries: [deploy('shop-1'), deploy('shop-1-2')] })
  assert.equal(chooseLabel(taken, v1, undefined), 'shop-1-3')
  assert.throws(() => chooseLabel(taken, v1, 'shop-1'), hasCode('label-exists'))
})

test('endpoints: those asked for, else those connected, else those configured for the app alone', () => {
  const routes = table(
    route('main', { to: 'shop-1' }),
    route('test', { app: 'shop' }),
    route('other', { app: 'blog' }),
    route('open'),
  )
  assert.deepEqual(chooseEndpoints(state(), routes, ['test', 'open']), ['test', 'open'])
  assert.deepEqual(chooseEndpoints(state(), routes, undefined), ['main'])
  assert.deepEqual(
    chooseEndpoints(state(), table(route('test', { app: 'shop' }), route('open')), undefined),
    ['test'],
  )
})

test('the only endpoint of a host goes to the first app, unless it is meant for another', () => {
  assert.deepEqual(chooseEndpoints(state(), table(route('main')), undefined), ['main'])
  assert.deepEqual(chooseEndpoints(state(), table(route('main', { app: 'blog' })), undefined), [])
  assert.deepEqual(chooseEndpoints(state(), table(route('main'), route('test')), undefined), [])
})

test('an endpoint of another app, by configuration or by connection, is refused', () => {
  const routes = table(route('blog', { app: 'blog' }), route('lent', { to: 'blog-1', of: 'blog' }))
  assert.throws(() => chooseEndpoints(state(), routes, ['blog']), hasCode('endpoint-taken'))
  assert.throws(() => chooseEndpoints(state(), routes, ['lent']), hasCode('endpoint-taken'))
  assert.throws(() => chooseEndpoints(state(), routes, ['none']), hasCode('not-found'))
})

test('what is replaced is stopped, unless another endpoint still needs it', () => {
  const routes = table(route('main', { to: 'shop-1' }), route('test', { to: 'shop-1' }))
  const running = state({ entries: [deploy('shop-1')] })
  assert.deepEqual(chooseRetired(running, routes, ['main']), [])
  assert.deepEqual(chooseRetired(running, routes, ['main', 'test']), ['shop-1'])
})

test('a worker without endpoints replaces the deploy that is bound', () => {
  const running = state({ entries: [deploy('shop-1')], bindings: [binding('shop-1', v1)] })
  assert.deepEqual(chooseRetired(running, table(), []), ['shop-1'])
})

test('a rejected release is refused, by name', () => {
  const entry = { name: 'shop', version: '2', reason: 'slow', by: 'ann', at: 0 }
  const rejecting = state({ quarantine: { [v2.digest]: entry } })
  assert.throws(
    () => requestDeploy({ state: rejecting, table: table() }, {}, resolved),
    hasCode('quarantined'),
  )
})

test('a rollback goes to the last binding of another archive, on its own deploy when that is whole', () => {
  const routes = table(route('main', { to: 'shop-2' }))
  const both = state({
    entries: [deploy('shop-1', v1, 'stopped'), deploy('shop-2', v2)],
    bindings: [binding('shop-1', v1), binding('shop-2', v2)],
  })
  const present = { state: both, table: routes, reusable: true, archived: true }
  const request = requestRollback(present, { reason: 'slow' })
  assert.equal(request.label, 'shop-1')
  assert.equal(request.reuse, true)
  assert.deepEqual(request.retires, ['shop-2'])
  assert.deepEqual(request.rejects, { digest: v2.digest, reason: 'slow' })
  assert.equal(requestRollback({ ...present, reusable: false }, {}).label, 'shop-1-2')
  assert.equal(requestRollback({ ...present, archived: false }, {}).reuse, true)
  assert.throws(
    () => requestRollback({ ...present, reusable: false, archived: false }, {}),
    hasCode('release-not-found'),
  )
})

test('a rollback passes over rejected releases and says when nothing is left', () => {
  const rejected = { name: 'shop', version: '1', reason: 'x', by: 'ann', at: 0 }
  const both = state({
    bindings: [binding('shop-1', v1), binding('shop-2', v2)],
    quarantine: { [v1.digest]: rejected },
  })
  const present = { state: both, table: table(route('main')), reusable: true, archived: true }
  assert.throws(() => requestRollback(present, {}), hasCode('nothing-to-roll-back'))
  assert.throws(() => requestRollback(present, { to: 'of-shop-1' }), hasCode('quarantined'))
})

test('a label is made from any version: lower case, short, without a plus', () => {
  assert.equal(
    chooseLabel(state(), { name: 'shop', version: '1.0-RC1+b7' }, undefined),
    'shop-1.0-rc1-b7',
  )
  const long = chooseLabel(state(), { name: 's'.repeat(32), version: '1'.repeat(64) }, undefined)
  assert.ok(isName(`${long}-999`, 48), long)
})

test('a label that could lead out of its directory is refused', () => {
  for (const label of ['../x', 'a/b', '', '-rf', 'Ä', 'x'.repeat(49), 'a\nb', '.'])
    assert.throws(() => chooseLabel(state(), v1, label), hasCode('usage'), label)
})

test('a rollback whose endpoint is gone, or of another app by now, is refused before anything starts', () => {
  const both = state({
    entries: [deploy('shop-1', v1, 'stopped'), deploy('shop-2', v2)],
    bindings: [binding('shop-1', v1), binding('shop-2', v2)],
  })
  const to = (routes: RouteTable) => () =>
    requestRollback({ state: both, table: routes, reusable: true, archived: true }, {})
  assert.throws(to(table()), hasCode('not-found'))
  assert.throws(to(table(route('main', { app: 'blog' }))), /belongs to blog, not to shop/)
})

test('start takes up a stopped deploy only when it is named, whole and of the same archive', () => {
  const stopped = state({ entries: [deploy('shop-2', v2, 'stopped')] })
  const start = (label: string | undefined, reusable: boolean, release = v2) =>
    requestStart({ state: stopped, reusable }, label === undefined ? {} : { label }, {
      ...resolved,
      release,
    })
  assert.equal(start('shop-2', true).reuse, true)
  assert.equal(start(undefined, true).label, 'shop-2-2')
  assert.throws(() => start('shop-2', false), hasCode('label-exists'))
  assert.throws(() => start('shop-2', true, v1), hasCode('label-exists'))
})
