import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { Worker } from 'node:worker_threads'

import { temporaryFolder } from '../../../test/support/temp-folder.ts'
import { waitUntil } from '../../../test/support/wait-until.ts'
import { parseEndpoint } from '../endpoint.ts'
import { connectRoute, emptyTable, withEndpoints } from '../route-changes.ts'
import type { RouteTable, Target } from '../routes.ts'
import { pointLinks } from './endpoint-links.ts'

const watcher = new URL('../../../test/support/programs/watch-link.ts', import.meta.url)
const start = withEndpoints(emptyTable, [parseEndpoint('main', { serverNames: ['shop.test'] })])

function target(label: string): Target {
  return { app: 'shop', label, kind: 'socket', directory: `/run/sluice/d/${label}` }
}

test('whoever reads through the link finds the old generation or the new one, never nothing', async (t) => {
  const runDir = temporaryFolder(t)
  const place = { root: runDir, runDir }
  let table: RouteTable = start
  pointLinks(place, table)
  const counts = new Int32Array(new SharedArrayBuffer(16))
  const path = join(runDir, 'ep', 'main', 'generation')
  const worker = new Worker(watcher, { workerData: { path, counts } })
  await waitUntil(() => Atomics.load(counts, 1) > 0, 'the first read')
  for (let round = 0; round < 300; round++) {
    table = connectRoute(table, 'main', target(`d${round % 2}`))
    pointLinks(place, table)
  }
  Atomics.store(counts, 0, 1)
  await once(worker, 'exit')
  const [, reads = 0, missing, backwards] = counts
  assert.deepEqual({ missing, backwards }, { missing: 0, backwards: 0 })
  assert.ok(reads > 300, `${reads} reads`)
})

test('nginx may read all of it whatever the umask was', (t) => {
  const runDir = temporaryFolder(t)
  const mask = process.umask(0o077)
  t.after(() => process.umask(mask))
  pointLinks({ root: runDir, runDir }, connectRoute(start, 'main', target('one')))
  const directory = readlinkSync(join(runDir, 'ep', 'main'))
  for (const path of [join(runDir, 'ep'), join(runDir, 'routes'), directory]) {
    assert.equal(statSync(path).mode & 0o777, 0o755, path)
  }
  assert.equal(statSync(join(directory, 'generation')).mode & 0o777, 0o644)
})

test('a directory that an earlier table left under the same number is not believed', (t) => {
  const runDir = temporaryFolder(t)
  const place = { root: runDir, runDir }
  pointLinks(place, connectRoute(start, 'main', target('one')))
  pointLinks(place, connectRoute(start, 'main', target('two')))
  const socket = readlinkSync(join(runDir, 'ep', 'main', 'app.sock'))
  assert.equal(socket, '/run/sluice/d/two/app.sock')
})

test('what a crash left half made is cleared, and endpoints that are gone lose their links', (t) => {
  const runDir = temporaryFolder(t)
  const place = { root: runDir, runDir }
  pointLinks(place, connectRoute(start, 'main', target('one')))
  mkdirSync(join(runDir, 'routes', '.new.1.main.9'))
  writeFileSync(join(runDir, 'routes', '.new.1.main.9', 'generation'), '9')
  const side = withEndpoints(emptyTable, [parseEndpoint('side', { serverNames: ['side.test'] })])
  pointLinks(place, side)
  assert.throws(() => readlinkSync(join(runDir, 'ep', 'main')), { code: 'ENOENT' })
  assert.equal(readFileSync(join(runDir, 'ep', 'side', 'generation'), 'utf8'), '1')
})
