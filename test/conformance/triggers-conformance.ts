import assert from 'node:assert/strict'

import { open, openOver, type Story } from '../support/database-under-test.ts'
import { waitUntil } from '../support/wait-until.ts'

const how = { by: 'me', source: 'test', create: true }

/** What triggers must do on every database. */
export function triggersConformance(story: Story): void {
  story('16 writers at once lose and double nothing', async (t, under) => {
    const triggers = openOver(t, await open(t, under))
    const writers = Array.from({ length: 16 }, async (_, writer) => {
      const own: number[] = []
      for (let round = 0; round < 12; round++)
        own.push((await triggers.raise('a', { ...how, key: `${writer}-${round}` })).sequence)
      return own
    })
    const all = (await Promise.all(writers)).flatMap((own) => {
      assert.deepEqual(
        own,
        own.toSorted((one, two) => one - two),
      )
      return own
    })
    const expected = Array.from({ length: 16 * 12 }, (_, index) => index + 1)
    assert.deepEqual(
      all.toSorted((one, two) => one - two),
      expected,
    )
    assert.equal(await triggers.read('a'), 16 * 12)
  })

  story(
    'a raise by the same key is answered as the first was, also after a restart',
    async (t, under) => {
      const storage = await open(t, under)
      const triggers = openOver(t, storage)
      const first = await triggers.raise('a', { ...how, key: 'k', digest: 'd' })
      assert.deepEqual(first, { name: 'a', sequence: 1, isRepeat: false })
      await triggers.raise('a', how)
      await triggers.close()
      await storage.close()
      const again = openOver(t, await open(t, under))
      const repeat = await again.raise('a', { ...how, key: 'k', digest: 'd' })
      assert.deepEqual(repeat, { name: 'a', sequence: 1, isRepeat: true })
      await assert.rejects(again.raise('a', { ...how, key: 'k', digest: 'e' }), {
        code: 'key-reused',
      })
      assert.equal(await again.read('a'), 2)
    },
  )

  story(
    'a trigger that is not there is read as 0 and made only when asked to',
    async (t, under) => {
      const triggers = openOver(t, await open(t, under))
      const careful = { by: 'me', source: 'test' }
      assert.equal(await triggers.read('a'), 0)
      await assert.rejects(triggers.raise('a', careful), { code: 'not-found', message: /"a"/ })
      assert.equal(await triggers.read('a', { create: true }), 0)
      assert.equal((await triggers.raise('a', careful)).sequence, 1)
    },
  )

  story('who waits is woken by the raise, and thousands by one', async (t, under) => {
    const triggers = openOver(t, await open(t, under))
    await triggers.raise('a', how)
    assert.equal(await triggers.waitBeyond('a', 0, { timeout: 30_000 }), 1)
    const waiting = Array.from({ length: 3000 }, (_, index) =>
      triggers.waitBeyond(index % 2 === 0 ? 'a' : 'b', index % 2, { timeout: 30_000 }),
    )
    const [even, odd] = [triggers.raise('a', how), triggers.raise('b', how)]
    assert.deepEqual([(await even).sequence, (await odd).sequence], [2, 1])
    await triggers.raise('b', how)
    const seen = new Set(await Promise.all(waiting))
    assert.deepEqual(seen, new Set([1, 2]))
  })

  story(
    'a wait ends at its time, when aborted, and when the triggers are closed',
    async (t, under) => {
      const triggers = openOver(t, await open(t, under))
      await triggers.raise('a', how)
      assert.equal(await triggers.waitBeyond('a', 1, { timeout: 0 }), 1)
      assert.equal(await triggers.waitBeyond('a', 5, { timeout: 60 }), 1)
      assert.equal(await triggers.waitBeyond('nobody', 0, { timeout: 60 }), 0)
      const stop = new AbortController()
      const aborted = triggers.waitBeyond('a', 1, { timeout: 60_000, signal: stop.signal })
      stop.abort()
      assert.equal(await aborted, 1)
      assert.equal(
        await triggers.waitBeyond('a', 1, { timeout: 60_000, signal: AbortSignal.abort() }),
        1,
      )
      const waiting = triggers.waitBeyond('a', 1, { timeout: 60_000 })
      await triggers.read('a')
      const last = triggers.raise('a', how)
      await Promise.all([last, triggers.close()])
      assert.ok([1, 2].includes(await waiting))
      await assert.rejects(triggers.raise('a', how), { code: 'aborted' })
    },
  )

  story('names keep to the grammar unless any are allowed', async (t, under) => {
    const storage = await open(t, under)
    const strict = openOver(t, storage)
    for (const name of ['', '.a', '-a', 'a b', 'a/b', 'é', `a${'b'.repeat(128)}`, 'a\n', 'a\0'])
      await assert.rejects(strict.raise(name, how), { code: 'request-invalid' })
    assert.equal((await strict.raise(`A${'b'.repeat(127)}`, how)).sequence, 1)
    const lenient = openOver(t, storage, { names: 'lenient' })
    const odd = [
      '',
      ' ',
      'a\0b',
      'a%00b',
      'a%2500b',
      '💥',
      '../x',
      "'; drop table triggers; --",
      'x'.repeat(1024),
      'x'.repeat(1025),
      `${'x'.repeat(1025)}y`,
      '💥'.repeat(257),
      'x'.repeat(60_000),
    ]
    for (const name of odd) assert.equal((await lenient.raise(name, how)).sequence, 1, name)
    for (const name of odd) assert.equal(await lenient.read(name), 1, name)
  })

  story('keys and who raised are text of bounded length', async (t, under) => {
    const triggers = openOver(t, await open(t, under))
    const bad = [
      { key: '' },
      { key: 'a\n' },
      { key: 'é' },
      { key: 'x'.repeat(256) },
      { by: 'a\0' },
      { source: 'x'.repeat(256) },
      { by: '\ud800' },
    ]
    for (const part of bad)
      await assert.rejects(triggers.raise('a', { ...how, ...part }), { code: 'request-invalid' })
    const { sequence } = await triggers.raise('a', { ...how, key: 'x'.repeat(255), by: 'Ada Ł.' })
    assert.equal(sequence, 1)
  })

  story('a writer sees its own raise at once', async (t, under) => {
    const triggers = openOver(t, await open(t, under))
    for (let round = 1; round <= 20; round++) {
      await triggers.raise('a', how)
      assert.equal(await triggers.read('a'), round)
    }
    await waitUntil(async () => (await triggers.waitBeyond('a', 19, { timeout: 10 })) === 20)
  })
}
