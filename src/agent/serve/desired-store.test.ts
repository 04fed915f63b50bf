import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import { temporaryFolder } from '../../../test/support/temp-folder.ts'
import { openDesiredStore } from './desired-store.ts'

function stateText(revision: number, epoch = 'e1', more = {}): string {
  return JSON.stringify({ epoch, revision, at: 1, apps: [], rejected: [], scripts: [], ...more })
}

test('a state that was taken is there after a crash, with its revision', (t) => {
  const folder = temporaryFolder(t)
  const first = openDesiredStore(folder)
  assert.deepEqual([first.current, first.revision], [undefined, undefined])
  first.take(stateText(7))
  const second = openDesiredStore(folder)
  assert.equal(second.current?.revision, 7)
  assert.deepEqual(second.revision, { epoch: 'e1', revision: 7 })
})

test('an older or equal revision changes nothing, unless it is of another epoch', (t) => {
  const folder = temporaryFolder(t)
  const store = openDesiredStore(folder)
  store.take(stateText(7))
  store.take(stateText(6))
  store.take(stateText(7, 'e1', { at: 2 }))
  assert.deepEqual([store.current?.revision, store.current?.at], [7, 1])
  assert.equal(openDesiredStore(folder).current?.revision, 7)
  store.take(stateText(1, 'e2'))
  assert.deepEqual(openDesiredStore(folder).revision, { epoch: 'e2', revision: 1 })
})

test('what is no desired state is refused, and the one before counts', (t) => {
  const folder = temporaryFolder(t)
  const store = openDesiredStore(folder)
  store.take(stateText(1))
  for (const text of ['', 'x', '{}', stateText(-1), stateText(2, 'e1', { extra: 1 })])
    assert.throws(() => store.take(text), { code: 'request-invalid' })
  assert.equal(store.current?.revision, 1)
  assert.equal(openDesiredStore(folder).current?.revision, 1)
})

test('a state that ended us three times is set aside, is not read again, and another takes its place', (t) => {
  const folder = temporaryFolder(t)
  openDesiredStore(folder).take(stateText(3))
  for (let end = 1; end < 3; end++) assert.equal(openDesiredStore(folder).isAside, false)
  const aside = openDesiredStore(folder)
  assert.deepEqual([aside.isAside, aside.current], [true, undefined])
  assert.deepEqual(aside.revision, { epoch: 'e1', revision: 3 })
  assert.throws(() => aside.take(stateText(3)), { code: 'desire-poisoned' })
  aside.settle()
  assert.equal(openDesiredStore(folder).isAside, true)
  aside.take(stateText(4))
  assert.deepEqual([aside.isAside, aside.current?.revision], [false, 4])
  assert.equal(openDesiredStore(folder).current?.revision, 4)
})

test('it is counted before it is read', (t) => {
  const folder = temporaryFolder(t)
  const broken = '{"epoch":"e1","revision":9,'
  assert.throws(() => openDesiredStore(folder).take(broken), { code: 'request-invalid' })
  const { size } = statSync(join(folder, 'desired.log'))
  assert.ok(size > broken.length)
})

test('who comes through begins to count anew, and ends between works do not count', (t) => {
  const folder = temporaryFolder(t)
  openDesiredStore(folder).take(stateText(3))
  for (let end = 0; end < 6; end++) {
    const store = openDesiredStore(folder)
    store.settle()
    assert.equal(store.isAside, false)
  }
  openDesiredStore(folder).settle()
  openDesiredStore(folder).unsettle()
  openDesiredStore(folder)
  openDesiredStore(folder)
  assert.equal(openDesiredStore(folder).isAside, true)
})

test('the log stays short however many states come', (t) => {
  const folder = temporaryFolder(t)
  const store = openDesiredStore(folder)
  const rejected = Array.from({ length: 500 }, () => ({
    app: 'shop',
    digest: 'ab'.repeat(32),
    version: '1',
    reason: 'x'.repeat(1000),
    by: 'ada',
    at: 1,
  }))
  for (let revision = 1; revision <= 20; revision++) {
    store.take(stateText(revision, 'e1', { rejected }))
    store.settle()
  }
  assert.ok(statSync(join(folder, 'desired.log')).size < 6 * 1024 * 1024)
  assert.equal(openDesiredStore(folder).current?.revision, 20)
})
