import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import { temporaryFolder } from '../../../test/support/temp-folder.ts'
import { waitUntil } from '../../../test/support/wait-until.ts'
import type { HostReportBody } from '../../protocol/index.ts'
import { systemClock } from '../../system/index.ts'
import { createBell } from './bell.ts'
import { openOutbox, type Outbox } from './outbox.ts'
import { toldOfApp, toldOfRun } from './told.ts'

function open(folder: string): Outbox {
  return openOutbox(folder, systemClock, createBell())
}

function alarm(message: string): HostReportBody {
  return { kind: 'alarm', code: 'disk-full', message }
}

function state(generation: number, word: 'preparing' | 'ready' | 'refused', code?: string) {
  const error = code === undefined ? {} : { error: { code, message: code } }
  const deployment = `d${generation}`
  return {
    kind: 'deployment-state',
    deployment,
    app: 'shop',
    generation,
    state: word,
    ...error,
  } as const
}

const numbersOf = (outbox: Outbox, after = 0): number[] =>
  outbox.after(after).map(({ number }) => number)

test('reports are numbered from one without gaps, over restarts and behind what was acknowledged', (t) => {
  const folder = temporaryFolder(t)
  const first = open(folder)
  for (const word of ['a', 'b', 'c']) first.tell(alarm(word))
  assert.equal(first.acknowledge(2), 2)
  // As after kill -9: nobody has closed it.
  const second = open(folder)
  second.tell(alarm('d'))
  assert.deepEqual(numbersOf(second, 2), [3, 4])
  assert.equal(second.acknowledge(4), 4)
  const third = open(folder)
  third.tell(alarm('e'))
  assert.deepEqual(numbersOf(third, 4), [5])
  third.close()
})

test('a host that has lost its memory tells behind what the server remembers of it', (t) => {
  const folder = temporaryFolder(t)
  const outbox = open(folder)
  for (const word of ['a', 'b']) outbox.tell(alarm(word))
  assert.equal(outbox.acknowledge(99), 99)
  assert.deepEqual(numbersOf(outbox), [100, 101])
  const again = open(folder)
  again.tell(alarm('c'))
  assert.deepEqual(numbersOf(again, 99), [100, 101, 102])
  again.close()
})

test('what was acknowledged is not taken back', (t) => {
  const outbox = open(temporaryFolder(t))
  outbox.tell(alarm('a'))
  assert.equal(outbox.acknowledge(1), 1)
  assert.equal(outbox.acknowledge(0), 1)
  assert.deepEqual(numbersOf(outbox), [])
  outbox.close()
})

test('a state that was told is not told again, not even by the next start; another reason is', (t) => {
  const folder = temporaryFolder(t)
  const first = open(folder)
  first.tell(state(1, 'preparing'))
  first.tell(state(1, 'preparing'))
  first.tell(state(1, 'ready'))
  first.tell(state(1, 'refused', 'policy-refused'))
  const second = open(folder)
  second.tell(state(1, 'refused', 'policy-refused'))
  second.tell(state(1, 'refused', 'quarantined'))
  second.tell(state(2, 'preparing'))
  assert.equal(numbersOf(second).length, 5)
  assert.equal(toldOfApp(second.told, 'shop')?.state, 'preparing')
  assert.equal(toldOfApp(second.told, 'constructor'), undefined)
  second.close()
})

test('notes are gathered, and never overtaken by a state that follows them', async (t) => {
  const folder = temporaryFolder(t)
  const outbox = open(folder)
  outbox.note(alarm('first'))
  assert.deepEqual(numbersOf(outbox), [])
  outbox.tell(state(1, 'ready'))
  assert.deepEqual(
    outbox.after(0).map(({ body }) => body.kind),
    ['alarm', 'deployment-state'],
  )
  outbox.note(alarm('second'))
  await waitUntil(() => numbersOf(outbox).length === 3)
  assert.deepEqual(numbersOf(open(folder)), [1, 2, 3])
  outbox.close()
})

test('a log that grew long is written anew, with all that is still to be told and all that was', (t) => {
  const folder = temporaryFolder(t)
  const outbox = open(folder)
  outbox.tell({ kind: 'script-state', run: 'r1', state: 'running' })
  for (let count = 0; count < 1100; count++) outbox.tell(alarm(`number ${count}`))
  const before = statSync(join(folder, 'outbox.log')).size
  outbox.acknowledge(1099)
  assert.ok(statSync(join(folder, 'outbox.log')).size < before / 50)
  outbox.tell(alarm('after'))
  const again = open(folder)
  assert.deepEqual(numbersOf(again), [1100, 1101, 1102])
  assert.equal(toldOfRun(again.told, 'r1'), 'running')
  assert.equal(again.acknowledged, 1099)
  outbox.close()
})

test('an answer has a bounded number of reports, the oldest first', (t) => {
  const outbox = open(temporaryFolder(t))
  for (let count = 0; count < 600; count++) outbox.note(alarm(`${count}`))
  outbox.tell(state(1, 'ready'))
  assert.deepEqual([numbersOf(outbox).length, numbersOf(outbox)[0]], [500, 1])
  assert.equal(numbersOf(outbox, 500).at(-1), 601)
  outbox.close()
})

test('a run that has not ended is remembered however many come after it', (t) => {
  const outbox = open(temporaryFolder(t))
  const run = (name: string, word: 'running' | 'succeeded') =>
    outbox.note({ kind: 'script-state', run: name, state: word })
  run('long', 'running')
  for (let count = 0; count < 2100; count++) run(`short-${count}`, 'succeeded')
  outbox.tell(alarm('now'))
  assert.equal(toldOfRun(outbox.told, 'long'), 'running')
  assert.equal(toldOfRun(outbox.told, 'short-0'), undefined)
  assert.equal(toldOfRun(outbox.told, 'short-2099'), 'succeeded')
  outbox.close()
})
