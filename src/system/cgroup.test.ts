import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import test from 'node:test'

import { afterwards } from '../../test/support/afterwards.ts'
import { waitUntil } from '../../test/support/wait-until.ts'
import { findControlGroup, openControlGroup } from './cgroup.ts'
import { systemClock } from './clock.ts'
import { randomText } from './random-id.ts'

const probe = openControlGroup(`test-${randomText(8)}`)
probe?.remove()
const skip = probe === undefined ? 'control groups may not be made here' : false

test(
  'a control group holds everything that its member starts and kills it at once',
  { skip },
  async (t) => {
    const name = `test-${randomText(8)}`
    const group = openControlGroup(name)
    assert.ok(group !== undefined)
    const script = `echo $$ > ${group.joinFile}; setsid sleep 1000 & (setsid sh -c 'trap "" TERM; sleep 1000; true' &) ; wait`
    const child = spawn('/bin/sh', ['-c', script])
    afterwards(t, () => group.kill(systemClock))
    await waitUntil(() => group.pids().length >= 4)
    assert.equal(group.remove(), false)
    assert.equal(await group.kill(systemClock), true)
    assert.deepEqual(group.pids(), [])
    assert.equal(findControlGroup(name), undefined)
    assert.notEqual(child.pid, undefined)
  },
)

test('looking for a group makes none, and one that is gone has no members', { skip }, () => {
  const name = `test-${randomText(8)}`
  assert.equal(findControlGroup(name), undefined)
  const group = openControlGroup(name)
  assert.equal(group?.remove(), true)
  assert.equal(group.remove(), true)
  assert.deepEqual(group.pids(), [])
  assert.equal(group.outOfMemoryKills(), 0)
})

test('killing an empty group or one that is gone is success', { skip }, async () => {
  const group = openControlGroup(`test-${randomText(8)}`)
  assert.equal(await group?.kill(systemClock), true)
  assert.equal(await group?.kill(systemClock), true)
})
