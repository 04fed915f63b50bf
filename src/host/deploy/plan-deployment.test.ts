import assert from 'node:assert/strict'
import test from 'node:test'

import type { HostPlan } from '../../protocol/index.ts'
import type { Manifest } from '../../release/index.ts'
import { emptyAppState, type Binding } from '../state/app-state.ts'
import type { DeploymentOrder } from './deploy-context.ts'
import { planDeployment } from './plan-deployment.ts'

const release = { name: 'shop', version: '2', digest: '2'.repeat(64) }

const manifest: Manifest = {
  name: 'shop',
  version: '2',
  templates: ['config/app.yml.tpl', 'motd.txt'],
  configSources: {},
  prestartCommand: '',
  startCommand: '',
  stopCommand: '',
  service: { command: 'exec ./shop', env: {}, stopSignal: 'SIGTERM', grace: 1000 },
  listen: 'port',
  check: { type: 'tcp', interval: 1, timeout: 1, successes: 2, within: 3000 },
  drain: { timeout: 1000 },
  migrate: { command: './migrate up', timeout: 1000, undoCommand: undefined },
  shared: { files: [], directories: [] },
  hooks: { afterSwitch: undefined, afterStop: undefined },
  roles: {},
}

const order: DeploymentOrder = {
  kind: 'deploy',
  request: { release, label: 'shop-2', endpoints: ['main'], retires: ['shop-1'] },
}

const binding: Binding = {
  deployment: 'd1',
  at: 1,
  label: 'shop-1',
  release: { ...release, version: '1', digest: '1'.repeat(64) },
  role: undefined,
  contextHash: 'c',
  endpoints: ['main'],
  stateDigest: 's',
}

function plan(changes: Partial<Manifest> | undefined = {}, given = order): HostPlan {
  return planDeployment(given, changes === undefined ? undefined : { ...manifest, ...changes }, {
    state: { ...emptyAppState('shop'), bindings: [binding] },
    table: {
      generation: 1,
      routes: {
        main: {
          endpoint: { name: 'main', app: 'shop', serverNames: [], tls: undefined },
          target: { app: 'shop', label: 'shop-1', kind: 'tcp', port: 8000 },
          generation: 1,
        },
      },
    },
    mode: 'proxy',
    driver: (hasService) => (hasService ? 'supervised' : 'command'),
  })
}

function note(given: HostPlan, step: string): string | undefined {
  return given.steps.find(({ name }) => name === step)?.note
}

test('a plan says what is replaced, what moves, what is rendered and what is stopped', () => {
  const told = plan()
  assert.equal(told.replaces?.label, 'shop-1')
  assert.deepEqual(told.endpoints, [{ name: 'main', from: 'shop-1', mode: 'proxy' }])
  assert.deepEqual(told.renders, ['config/app.yml', 'motd'])
  assert.deepEqual([told.driver, note(told, 'retire')], ['supervised', 'shop-1'])
  assert.equal(note(told, 'prove'), 'tcp, 2 successes within 3 s')
})

test('a migration without a way back is shown as the point of no return, with a warning', () => {
  const points = (given: HostPlan): string[] =>
    given.steps.filter(({ pointOfNoReturn }) => pointOfNoReturn).map(({ name }) => name)
  assert.deepEqual(points(plan()), ['migrate'])
  assert.match(plan().warnings.join(), /migration cannot be undone/)
  const undoable = { command: 'up', timeout: 1, undoCommand: 'down' }
  assert.deepEqual(points(plan({ migrate: undoable })), [])
  assert.deepEqual(plan({ migrate: undoable }).warnings, [])
})

test('a release without a check and a deploy without an endpoint are warned of', () => {
  const request = { ...order.request, endpoints: [] }
  const { warnings } = plan({ check: undefined, migrate: undefined }, { ...order, request })
  assert.match(warnings.join('; '), /no check.*no endpoint will be connected/)
})

test('of an archive that is still in its store only the request is known', () => {
  const told = planDeployment(order, undefined, {
    state: emptyAppState('shop'),
    table: { generation: 0, routes: {} },
    mode: 'proxy',
    driver: () => 'supervised',
  })
  assert.deepEqual(
    [told.driver, told.renders, told.replaces],
    ['known after download', [], undefined],
  )
})

test('the hash is that of everything in the plan', () => {
  assert.equal(plan().hash, plan().hash)
  assert.notEqual(plan().hash, plan({ prestartCommand: 'true' }).hash)
  const request = { ...order.request, label: 'shop-2-2' }
  assert.notEqual(plan().hash, plan({}, { ...order, request }).hash)
})
