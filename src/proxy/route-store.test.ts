import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import { temporaryFolder } from '../../test/support/temp-folder.ts'
import { parseEndpoint } from './endpoint.ts'
import { connectRoute, emptyTable, withEndpoints } from './route-changes.ts'
import { openRouteStore } from './route-store.ts'

const table = withEndpoints(emptyTable, [parseEndpoint('main', { serverNames: ['shop.test'] })])
const connected = connectRoute(table, 'main', {
  app: 'shop',
  label: 'one',
  kind: 'tcp',
  port: 3001,
})

test('a host without routes has an empty table', (t) => {
  assert.deepEqual(openRouteStore(temporaryFolder(t)).load(), emptyTable)
})

test('what was saved is loaded, by another opener too', (t) => {
  const root = temporaryFolder(t)
  openRouteStore(root).save(connected)
  const loaded = openRouteStore(root).load()
  assert.equal(JSON.stringify(loaded), JSON.stringify(connected))
  assert.deepEqual(openRouteStore(root).diagnose(), [])
})

test('a damaged file is replaced by its previous copy, whose number is raised past the lost one', (t) => {
  const root = temporaryFolder(t)
  const store = openRouteStore(root)
  store.save(table)
  store.save(connected)
  const path = join(root, 'proxy', 'routes.json')
  writeFileSync(path, readFileSync(path, 'utf8').replace('3001', '3009'))
  const loaded = store.load()
  assert.equal(loaded.routes['main']?.target, undefined)
  assert.equal(loaded.generation, connected.generation)
  assert.match(store.diagnose()[0] ?? '', /damaged/)
})

test('every truncation is noticed', (t) => {
  const root = temporaryFolder(t)
  const store = openRouteStore(root)
  store.save(table)
  store.save(connected)
  const path = join(root, 'proxy', 'routes.json')
  const whole = readFileSync(path)
  for (let length = 0; length < whole.length - 2; length += 7) {
    writeFileSync(path, whole.subarray(0, length))
    assert.equal(store.load().routes['main']?.target, undefined, `${length} bytes`)
  }
})

test('two damaged copies are an error and nothing is written', (t) => {
  const root = temporaryFolder(t)
  const store = openRouteStore(root)
  store.save(table)
  store.save(connected)
  const path = join(root, 'proxy', 'routes.json')
  writeFileSync(path, '{')
  writeFileSync(`${path}.previous`, '')
  assert.throws(() => store.load(), { code: 'state-corrupt' })
  assert.equal(readFileSync(path, 'utf8'), '{')
})

test('routes of a newer sluice are left alone', (t) => {
  const root = temporaryFolder(t)
  const store = openRouteStore(root)
  store.save(table)
  const path = join(root, 'proxy', 'routes.json')
  writeFileSync(path, readFileSync(path, 'utf8').replace('"format":1', '"format":2'))
  assert.throws(() => store.load(), { code: 'state-too-new' })
})
