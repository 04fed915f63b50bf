import assert from 'node:assert/strict'
import test from 'node:test'

import { parseEndpoint } from './endpoint.ts'
import {
  connectRoute,
  connectRoutes,
  emptyTable,
  findRoute,
  withEndpoints,
} from './route-changes.ts'
import type { Target } from './routes.ts'

const main = parseEndpoint('main', { app: 'shop', serverNames: ['shop.test'] })
const free = parseEndpoint('free', { serverNames: ['free.test'] })
const one: Target = { app: 'shop', label: 'one', kind: 'tcp', port: 3001 }
const two: Target = { app: 'shop', label: 'two', kind: 'socket', directory: '/run/d/two' }
const other: Target = { app: 'blog', label: 'one', kind: 'tcp', port: 3002 }
const table = withEndpoints(emptyTable, [main, free])

test('every change has a generation of its own and leaves the other routes alone', () => {
  const connected = connectRoute(table, 'main', one)
  assert.equal(connected.generation, table.generation + 1)
  assert.equal(findRoute(connected, 'main').generation, connected.generation)
  assert.equal(findRoute(connected, 'free'), findRoute(table, 'free'))
  assert.equal(findRoute(table, 'main').target, undefined, 'the old table is as it was')
})

test('connecting what is connected changes nothing, so it can be repeated', () => {
  const connected = connectRoute(table, 'main', one)
  assert.equal(connectRoute(connected, 'main', { ...one }), connected)
  assert.notEqual(connectRoute(connected, 'main', { ...one, port: 3009 }), connected)
})

test('several changes are made one after the other', () => {
  const connected = connectRoutes(table, [
    { endpoint: 'main', target: one },
    { endpoint: 'free', target: two },
  ])
  assert.equal(findRoute(connected, 'main').target, one)
  assert.equal(findRoute(connected, 'free').target, two)
})

test('an unknown endpoint is refused with the nearest name', () => {
  assert.throws(() => connectRoute(table, 'mian', one), { code: 'not-found', hint: /main/ })
  assert.throws(() => connectRoute(table, '__proto__', one), { code: 'not-found' })
  assert.throws(() => connectRoute(table, 'toString', one), { code: 'not-found' })
})

test('an endpoint goes neither to an app it is not for nor from one app to another', () => {
  assert.throws(() => connectRoute(table, 'main', other), { code: 'endpoint-taken' })
  const connected = connectRoute(table, 'free', one)
  assert.throws(() => connectRoute(connected, 'free', other), {
    code: 'endpoint-taken',
    hint: /sluice disconnect free/,
  })
  const released = connectRoute(connected, 'free', undefined)
  assert.equal(findRoute(connectRoute(released, 'free', other), 'free').target, other)
})

test('the same configuration leaves the table as it is', () => {
  assert.equal(withEndpoints(table, [main, free]), table)
  assert.equal(withEndpoints(table, [free, main]), table)
})

test('a changed endpoint keeps its deploy and gets a new generation', () => {
  const connected = connectRoute(table, 'main', one)
  const renamed = parseEndpoint('main', { app: 'shop', serverNames: ['new.test'] })
  const changed = withEndpoints(connected, [renamed, free])
  assert.equal(findRoute(changed, 'main').target, one)
  assert.equal(findRoute(changed, 'main').generation, changed.generation)
  assert.equal(findRoute(changed, 'free'), findRoute(connected, 'free'))
})

test('an endpoint that left the configuration stays while it serves', () => {
  const connected = connectRoute(table, 'main', one)
  const without = withEndpoints(connected, [free])
  assert.equal(findRoute(without, 'main').target, one)
  const released = withEndpoints(connectRoute(without, 'main', undefined), [free])
  assert.throws(() => findRoute(released, 'main'), { code: 'not-found' })
})

test('a new endpoint cannot take the host name of a leaving one that still serves', () => {
  const connected = connectRoute(table, 'main', one)
  const web = parseEndpoint('web', { serverNames: ['shop.test'] })
  assert.throws(() => withEndpoints(connected, [web]), {
    code: 'deploy-connected',
    hint: /sluice disconnect main/,
  })
})
