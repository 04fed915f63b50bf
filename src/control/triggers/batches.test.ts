import assert from 'node:assert/strict'
import test from 'node:test'

import { AppError } from '../../errors/index.ts'
import { openBatches } from './batches.ts'

/** Work that records its batches, each of which ends when the test says. */
function slowWork() {
  const seen: (readonly number[])[] = []
  const ends: (() => void)[] = []
  const work = async (items: readonly number[]): Promise<readonly string[]> => {
    seen.push(items)
    await new Promise<void>((resolve) => ends.push(resolve))
    return items.map((item) => `${item}!`)
  }
  async function endNext(): Promise<void> {
    while (ends.length === 0) await new Promise(setImmediate)
    ends.shift()?.()
  }
  return { seen, work, endNext }
}

test('what comes while a batch is under way is in the next one, in its order', async () => {
  const { seen, work, endNext } = slowWork()
  const batches = openBatches(work, { largest: 3 })
  const first = batches.submit(1)
  await new Promise(setImmediate)
  await new Promise(setImmediate)
  const others = [2, 3, 4, 5].map((item) => batches.submit(item))
  for (let end = 0; end < 3; end++) await endNext()
  assert.equal(await first, '1!')
  assert.deepEqual(await Promise.all(others), ['2!', '3!', '4!', '5!'])
  assert.deepEqual(seen, [[1], [2, 3, 4], [5]])
})

test('a bad item fails alone, after one more try for each of its batch', async () => {
  const seen: (readonly number[])[] = []
  const batches = openBatches(
    async (items: readonly number[]) => {
      seen.push(items)
      if (items.includes(2)) throw new TypeError('not 2')
      return items
    },
    { largest: 10 },
  )
  const results = await Promise.allSettled([1, 2, 3].map((item) => batches.submit(item)))
  assert.deepEqual(
    results.map((result) => (result.status === 'fulfilled' ? result.value : result.reason.message)),
    [1, 'not 2', 3],
  )
  assert.deepEqual(seen, [[1, 2, 3], [1], [2], [3]])
})

test('a database in trouble fails the whole batch once, and the next may succeed', async () => {
  let calls = 0
  const batches = openBatches(
    async (items: readonly number[]) => {
      calls += 1
      if (calls === 1) throw new AppError('database-unavailable', 'gone', { retryable: true })
      return items
    },
    { largest: 10 },
  )
  const failed = await Promise.allSettled([1, 2, 3].map((item) => batches.submit(item)))
  assert.ok(
    failed.every(({ status }) => status === 'rejected'),
    JSON.stringify(failed),
  )
  assert.equal(await batches.submit(4), 4)
  assert.equal(calls, 2)
})

test('more than may wait are refused, and closing ends what was taken', async () => {
  const { work, endNext } = slowWork()
  const batches = openBatches(work, { largest: 1, mostWaiting: 2 })
  const taken = [1, 2].map((item) => batches.submit(item))
  await assert.rejects(batches.submit(3), { code: 'database-unavailable', retryable: true })
  const closed = batches.close()
  await assert.rejects(batches.submit(4), { code: 'aborted' })
  await endNext()
  await endNext()
  await closed
  assert.deepEqual(await Promise.all(taken), ['1!', '2!'])
})
