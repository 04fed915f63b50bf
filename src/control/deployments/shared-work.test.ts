import assert from 'node:assert/strict'
import test from 'node:test'

import { openSharedWork } from './shared-work.ts'

test('those who ask while work waits share it, and nobody gets one that began before', async () => {
  const shared = openSharedWork()
  const begun: number[] = []
  let asked = 0
  let most = 0
  let now = 0
  const ask = async (): Promise<void> => {
    const mine = (asked += 1)
    await shared('x', async () => {
      now += 1
      most = Math.max(most, now)
      begun.push(asked)
      await new Promise(setImmediate)
      now -= 1
    })
    assert.ok(begun.some((count) => count >= mine))
  }
  const all = Array.from({ length: 20 }, ask)
  await new Promise(setImmediate)
  await Promise.all([...all, ...Array.from({ length: 20 }, ask)])
  assert.ok(begun.length <= 3, String(begun))
  assert.equal(most, 1)
})

test('work that fails fails those who asked for it, and the next is done', async () => {
  const shared = openSharedWork()
  const failing = shared('x', () => Promise.reject(new Error('no')))
  await assert.rejects(failing, /no/)
  await shared('x', () => Promise.resolve())
})
