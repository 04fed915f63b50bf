import assert from 'node:assert/strict'
import test from 'node:test'

import type { EndPoint, ProxyModeConfig } from '../config/tool-config.ts'
import type { State } from '../state.ts'
import { actionsFor, applyAction, type Action } from './actions.ts'
import { actionName } from './change-state.ts'
import {
  allocatePort,
  requestConnect,
  requestDisconnect,
  requestStart,
  requestStop,
} from './transitions.ts'

const endPoint: EndPoint = { serverNames: ['a'], etype: { type: 'httpOnly' } }
const proxy: ProxyModeConfig = {
  endPoints: new Map([
    ['main', endPoint],
    ['test', endPoint],
  ]),
  remoteStateS3: undefined,
  dynamicPortRange: { v1: 8000, v2: 8003 },
  nginxConfTemplatePath: undefined,
}

/** A state from `{label: port}` or `{label: [port, release]}`, and connections. */
function state(
  deploys: Record<string, number | [number, string]>,
  connections: Record<string, string> = {},
): State {
  const entries = Object.entries(deploys).map(([label, value]) => {
    const [port, release] = typeof value === 'number' ? [value, `${label}.zip`] : value
    return [label, { label, release, port }] as const
  })
  return { deploys: new Map(entries), connections: new Map(Object.entries(connections)) }
}

/** `create-deploy a:8000`, `set-endpoints main=a:8000`. */
function names(actions: readonly Action[]): string[] {
  return actions.map((action) =>
    action.type === 'set-endpoints'
      ? `set-endpoints ${action.live.map(({ endpoint, deploy }) => `${endpoint}=${deploy.label}:${deploy.port}`).join(' ')}`.trim()
      : `${actionName(action)}:${action.deploy.port}`,
  )
}

/** Name, old state, new state, actions in order. */
const orders: readonly [string, State, State, string[]][] = [
  ['nothing changed', state({ a: 8000 }, { main: 'a' }), state({ a: 8000 }, { main: 'a' }), []],
  ['a new deploy', state({}), state({ a: 8000 }), ['create-deploy a:8000']],
  ['a removed deploy', state({ a: 8000 }), state({}), ['destroy-deploy a:8000']],
  [
    'new deploys come in label order',
    state({}),
    state({ a: 8001, b: 8000 }),
    ['create-deploy a:8001', 'create-deploy b:8000'],
  ],
  [
    'a swap on the same port stops the old one first',
    state({ a: 8000 }, { main: 'a' }),
    state({ b: 8000 }, { main: 'b' }),
    ['destroy-deploy a:8000', 'create-deploy b:8000', 'set-endpoints main=b:8000'],
  ],
  [
    'a swap on another port stops the old one last',
    state({ a: 8000 }, { main: 'a' }),
    state({ b: 8001 }, { main: 'b' }),
    ['create-deploy b:8001', 'set-endpoints main=b:8001', 'destroy-deploy a:8000'],
  ],
  [
    'a connected label on a new port moves the endpoint',
    state({ a: 8000 }, { main: 'a' }),
    state({ a: 8001 }, { main: 'a' }),
    ['destroy-deploy a:8000', 'create-deploy a:8001', 'set-endpoints main=a:8001'],
  ],
  [
    'an unconnected label with another release is replaced',
    state({ a: 8000 }),
    state({ a: [8000, 'other.zip'] }),
    ['destroy-deploy a:8000', 'create-deploy a:8000'],
  ],
  [
    'connecting',
    state({ a: 8000 }),
    state({ a: 8000 }, { main: 'a' }),
    ['set-endpoints main=a:8000'],
  ],
  ['disconnecting', state({ a: 8000 }, { main: 'a' }), state({ a: 8000 }), ['set-endpoints']],
  [
    'moving an endpoint',
    state({ a: 8000, b: 8001 }, { main: 'a' }),
    state({ a: 8000, b: 8001 }, { main: 'b' }),
    ['set-endpoints main=b:8001'],
  ],
  [
    'endpoints that are not configured do not count',
    state({ a: 8000 }),
    state({ a: 8000 }, { gone: 'a' }),
    [],
  ],
  [
    'all kinds at once',
    state({ a: 8000, b: 8001, c: 8002 }, { main: 'a', test: 'c' }),
    state({ c: [8002, 'c2.zip'], d: 8001, e: 8005 }, { main: 'd', test: 'c' }),
    [
      'destroy-deploy b:8001',
      'create-deploy d:8001',
      'create-deploy e:8005',
      'destroy-deploy c:8002',
      'create-deploy c:8002',
      'set-endpoints main=d:8001 test=c:8002',
      'destroy-deploy a:8000',
    ],
  ],
]

for (const [name, from, to, expected] of orders) {
  test(`orders actions: ${name}`, () =>
    assert.deepEqual(names(actionsFor(from, to, proxy)), expected))

  test(`reaches the wanted state: ${name}`, () => {
    const reached = actionsFor(from, to, proxy).reduce(applyAction, from)
    assert.deepEqual(reached.deploys, to.deploys)
  })
}

test('setting the endpoints drops connections that lead nowhere', () => {
  const from = state({ a: 8000 }, { gone: 'a', main: 'a' })
  const to = requestConnect(from, proxy, { endpoint: 'test', label: 'a' })
  const reached = actionsFor(from, to, proxy).reduce(applyAction, from)
  assert.deepEqual(
    [...reached.connections],
    [
      ['main', 'a'],
      ['test', 'a'],
    ],
  )
})

test('takes the smallest free port', () => {
  assert.equal(allocatePort(state({}), proxy), 8000)
  assert.equal(allocatePort(state({ a: 8000, c: 8002 }), proxy), 8001)
  assert.throws(() => allocatePort(state({ a: 8000, b: 8001, c: 8002 }), proxy), {
    code: 'no-port',
    message: 'no more ports available',
  })
})

test('a start replaces a deploy of the same label', () => {
  const next = requestStart(state({ a: 8000 }), { label: 'a', release: 'n.zip', port: 8001 })
  assert.deepEqual(next, state({ a: [8001, 'n.zip'] }))
})

test('a stop needs a deploy that serves nothing', () => {
  assert.throws(() => requestStop(state({}), 'a'), { message: 'no deploy called a' })
  const serving = state({ a: 8000 }, { main: 'a', test: 'a' })
  assert.throws(() => requestStop(serving, 'a'), { message: 'deploy is connected to main' })
  assert.deepEqual(requestStop(state({ a: 8000 }), 'a'), state({}))
})

test('a connect looks for the deploy before the endpoint', () => {
  assert.throws(() => connect('none', 'b'), { message: 'no deploy called b' })
  assert.throws(() => connect('none', 'a'), { message: 'no endpoint called none' })
  assert.deepEqual([...connect('main', 'a').connections], [['main', 'a']])
})

test('a disconnect needs an endpoint, and may find nothing connected', () => {
  const from = state({ a: 8000 }, { main: 'a' })
  assert.throws(() => requestDisconnect(from, proxy, 'none'), {
    message: 'no endpoint called none',
  })
  assert.deepEqual(requestDisconnect(from, proxy, 'main'), state({ a: 8000 }))
  assert.deepEqual(requestDisconnect(from, proxy, 'test'), from)
})

function connect(endpoint: string, label: string): State {
  return requestConnect(state({ a: 8000 }), proxy, { endpoint, label })
}
