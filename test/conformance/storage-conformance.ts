import assert from 'node:assert/strict'
import test from 'node:test'

import * as fc from 'fast-check'

import { openStorage, type Storage } from '../../src/control/index.ts'
import type { NewRaise, RaiseResult } from '../../src/control/storage/trigger-records.ts'
import { randomText, systemClock } from '../../src/system/index.ts'
import { open, type PrepareDatabase, type Story } from '../support/database-under-test.ts'
import { agentsConformance } from './agents-conformance.ts'
import { releasesConformance } from './releases-conformance.ts'
import { accessConformance, assertOneChain } from './access-conformance.ts'
import { deploymentsConformance } from './deployments-conformance.ts'
import { crashConformance } from './storage-crashes.ts'
import { triggersConformance } from './triggers-conformance.ts'

/** What storage must do on every database; a new one calls this with a way to make an empty one. */
export function storageConformance(kind: string, prepare: PrepareDatabase): void {
  const story: Story = (name, run) =>
    void test(`${kind}: ${name}`, async (t) => {
      const under = await prepare(t)
      if (under !== undefined) await run(t, under)
    })
  metaConformance(story)
  recordsConformance(story)
  leasesConformance(story)
  triggersConformance(story)
  accessConformance(story)
  agentsConformance(story)
  releasesConformance(story)
  deploymentsConformance(story)
  crashConformance(story)
}

function metaConformance(story: Story): void {
  story(
    'a raise and its repeat are audited with it, one without a number is not',
    async (t, under) => {
      const storage = await open(t, under)
      const audit = { who: 'me', from: 'here' }
      const first = { ...raise('a', { key: 'k', digest: 'd' }), audit, at: 7 }
      await storage.triggers.raise([first, raise('a'), { ...first, id: 'again' }])
      await storage.triggers.raise([
        { ...raise('a', { key: 'k', digest: 'e' }), audit },
        { ...raise('b'), create: false, audit },
      ])
      const rows = await storage.audit.list({ after: 0, limit: 10 })
      const entry =
        '{"at":7,"from":"here","object":"a/1","outcome":"ok","what":"raise-trigger","who":"me"}'
      assert.deepEqual(
        rows.map(({ content }) => content),
        [entry, entry],
      )
      await assertOneChain(storage, 2)
    },
  )

  story('an epoch lives as long as its database', async (t, under) => {
    const first = await open(t, under)
    assert.match(first.epoch, /^[a-z2-7]{26}$/)
    await first.close()
    const again = await open(t, under)
    assert.equal(again.epoch, first.epoch)
    await again.changeEpoch('another')
    await again.close()
    assert.equal((await open(t, under)).epoch, 'another')
  })

  story('a database of a newer program is refused and left alone', async (t, under) => {
    await (await open(t, under)).close()
    await under.ask("update meta set value = '999' where name = 'schema'")
    await assert.rejects(openStorage(under.location), {
      code: 'state-too-new',
      message: /schema 999.*up to \d/,
    })
    assert.deepEqual(await under.ask("select value from meta where name = 'schema'"), [
      { value: '999' },
    ])
  })
}

function recordsConformance(story: Story): void {
  story('raises get the next sequences in their order', async (t, under) => {
    const { triggers } = await open(t, under)
    const made = [raise('a'), raise('b'), raise('a'), raise('a')]
    assert.deepEqual(sequences(await triggers.raise(made)), [1, 1, 2, 3])
    assert.deepEqual(sequences(await triggers.raise([raise('b'), raise('a')])), [2, 4])
    const counters = new Map([
      ['a', 4],
      ['b', 2],
    ])
    assert.deepEqual(await triggers.read(['a', 'b', 'c']), counters)
  })

  story('an unknown trigger is made only when asked to', async (t, under) => {
    const { triggers } = await open(t, under)
    const unknown = await triggers.raise([{ ...raise('a'), create: false }])
    assert.deepEqual(unknown, [{ kind: 'unknown-trigger' }])
    assert.equal((await triggers.read(['a'])).size, 0)
    assert.equal(await triggers.define({ name: 'a', at: 5, policy: '{"x":1}' }), true)
    assert.equal(await triggers.define({ name: 'a', at: 6 }), false)
    assert.deepEqual(await triggers.raise([{ ...raise('a'), create: false }]), [
      { kind: 'raised', sequence: 1 },
    ])
  })

  story('one key has one effect, and another request with it is refused', async (t, under) => {
    const { triggers } = await open(t, under)
    const first = { key: 'k', digest: 'd' }
    const [one, two] = await triggers.raise([raise('a', first), raise('a', first)])
    assert.deepEqual(
      [one, two],
      [
        { kind: 'raised', sequence: 1 },
        { kind: 'repeated', sequence: 1 },
      ],
    )
    assert.deepEqual(await triggers.raise([raise('b', first)]), [{ kind: 'raised', sequence: 1 }])
    await triggers.raise([raise('a')])
    assert.deepEqual(await triggers.raise([raise('a', first)]), [{ kind: 'repeated', sequence: 1 }])
    for (const digest of ['other', undefined]) {
      const again = await triggers.raise([raise('a', { key: 'k', digest })])
      assert.deepEqual(again, [{ kind: 'key-reused', sequence: 1 }])
    }
    assert.equal((await triggers.read(['a'])).get('a'), 2)
  })

  story('what was raised is recorded with all that is known of it', async (t, under) => {
    const { triggers } = await open(t, under)
    const at = 1_795_190_000_123
    await triggers.raise([
      { ...raise('a', { key: 'k', digest: 'd' }), at, by: 'ada', source: 'api' },
    ])
    assert.deepEqual(await triggers.events('a', { after: 0, limit: 10 }), [
      {
        ...{ trigger: 'a', sequence: 1, key: 'k', digest: 'd', at, by: 'ada', source: 'api' },
        ...{ outcome: null, supersededBy: null },
      },
    ])
    assert.deepEqual(await triggers.events('a', { after: 1, limit: 10 }), [])
  })

  story('a batch with a raise that cannot be recorded leaves nothing', async (t, under) => {
    const { triggers } = await open(t, under)
    const first = raise('a')
    await triggers.raise([first])
    await assert.rejects(triggers.raise([raise('b'), raise('a'), { ...raise('a'), id: first.id }]))
    assert.deepEqual([...(await triggers.read(['a', 'b']))], [['a', 1]])
    assert.equal((await triggers.events('a', { after: 0, limit: 9 })).length, 1)
    assert.deepEqual(sequences(await triggers.raise([raise('a')])), [2])
  })

  story('any batches by any writers count as if one after the other', async (t, under) => {
    const storage = await open(t, under)
    let run = 0
    const anyRaise = fc.record({
      trigger: fc.constantFrom('x', 'y', 'z'),
      key: fc.option(fc.constantFrom('k1', 'k2', 'k3'), { nil: undefined }),
    })
    const anyBatches = fc.array(fc.array(anyRaise, { minLength: 1, maxLength: 5 }), {
      maxLength: 5,
    })
    await fc.assert(
      fc.asyncProperty(anyBatches, async (batches) => {
        run += 1
        const named = batches.map((batch) =>
          batch.map(({ trigger, key }) => raise(`${trigger}-${run}`, { key, digest: undefined })),
        )
        const results = await Promise.all(named.map((batch) => storage.triggers.raise(batch)))
        await assertCounted(storage, named.flat(), results.flat())
      }),
      { numRuns: 25 },
    )
  })

  story('the event taken up supersedes the open ones before it, once', async (t, under) => {
    const { triggers } = await open(t, under)
    await triggers.raise([raise('a'), raise('a'), raise('a'), raise('a')])
    assert.equal(await triggers.settle({ trigger: 'a', sequence: 2, outcome: 'd1' }), true)
    assert.equal(await triggers.settle({ trigger: 'a', sequence: 4, outcome: 'd2' }), true)
    assert.equal(await triggers.settle({ trigger: 'a', sequence: 4, outcome: 'd2' }), true)
    assert.equal(await triggers.settle({ trigger: 'a', sequence: 4, outcome: 'd3' }), false)
    await assert.rejects(triggers.settle({ trigger: 'a', sequence: 9, outcome: 'd' }), {
      code: 'not-found',
    })
    const events = await triggers.events('a', { after: 0, limit: 9 })
    assert.deepEqual(
      events.map(({ outcome, supersededBy }) => [outcome, supersededBy]),
      [
        [null, 2],
        ['d1', null],
        [null, 4],
        ['d2', null],
      ],
    )
  })

  story(
    'old events are forgotten in bounded portions, outcomes and sequences are not',
    async (t, under) => {
      const { triggers } = await open(t, under)
      const old = Array.from({ length: 5 }, (_, index) => ({
        ...raise('a', { key: `k${index}`, digest: 'd' }),
        at: 100,
      }))
      await triggers.raise([...old, { ...raise('a', { key: 'new', digest: 'd' }), at: 200 }])
      await triggers.settle({ trigger: 'a', sequence: 2, outcome: 'd1' })
      assert.equal(await triggers.prune(200, 2), 3)
      assert.equal(await triggers.prune(200, 2), 2)
      assert.equal(await triggers.prune(200, 2), 0)
      const left = await triggers.events('a', { after: 0, limit: 9 })
      assert.deepEqual(
        left.map(({ sequence, key }) => [sequence, key]),
        [
          [2, null],
          [6, 'new'],
        ],
      )
      assert.deepEqual(await triggers.raise([raise('a', { key: 'k0', digest: 'd' })]), [
        { kind: 'raised', sequence: 7 },
      ])
    },
  )
}

function leasesConformance(story: Story): void {
  story('a lease has one owner at a time, of many who ask at once', async (t, under) => {
    const { leases } = await open(t, under)
    const owners = Array.from({ length: 16 }, (_, index) => `owner-${index}`)
    const got = await Promise.all(owners.map((owner) => leases.claim('job', owner, 60_000)))
    const [lease, ...others] = got.filter((one) => one !== undefined)
    assert.deepEqual(others, [])
    assert.equal(lease?.fence, 1)
    assert.ok(Math.abs(lease.until - Date.now() - 60_000) < 30_000)
    assert.equal((await leases.claim('job', lease.owner, 60_000))?.fence, 2)
    assert.equal((await leases.claim('other', 'owner-1', 60_000))?.fence, 1)
  })

  story('a holder that was frozen until its lease moved on changes nothing', async (t, under) => {
    const { leases, triggers } = await open(t, under)
    await triggers.raise([raise('a')])
    const late = await leases.claim('job', 'late', 0)
    const next = await leases.claim('job', 'next', 60_000)
    assert.ok(late !== undefined && next !== undefined)
    assert.ok(next.fence > late.fence)
    assert.equal(await leases.renew(late, 60_000), undefined)
    assert.equal(await leases.release(late), false)
    const event = { trigger: 'a', sequence: 1 }
    await assert.rejects(triggers.settle({ ...event, outcome: 'late' }, late), { code: 'fenced' })
    assert.equal((await triggers.events('a', { after: 0, limit: 1 }))[0]?.outcome, null)
    assert.equal(await triggers.settle({ ...event, outcome: 'next' }, next), true)
    assert.equal(await leases.claim('job', 'third', 60_000), undefined)
  })

  story('a server whose clock is a day ahead takes no lease early', async (_t, under) => {
    const clock = { ...systemClock, now: () => Date.now() + 24 * 60 * 60_000 }
    const storage = await openStorage(under.location, { clock })
    try {
      const lease = await storage.leases.claim('job', 'me', 60_000)
      assert.ok(lease !== undefined && Math.abs(lease.until - Date.now()) < 120_000)
      assert.equal(await storage.leases.claim('job', 'you', 60_000), undefined)
    } finally {
      await storage.close()
    }
  })

  story('a lease that is renewed stays, and one given back is free', async (t, under) => {
    const { leases } = await open(t, under)
    const lease = await leases.claim('job', 'me', 0)
    assert.ok(lease !== undefined)
    const renewed = await leases.renew(lease, 60_000)
    assert.equal(renewed?.fence, lease.fence)
    assert.equal(await leases.claim('job', 'you', 60_000), undefined)
    assert.equal(await leases.release(renewed), true)
    assert.equal((await leases.claim('job', 'you', 60_000))?.fence, 2)
  })
}

/** A raise with an id of its own. */
export function raise(
  trigger: string,
  { key, digest }: Partial<Pick<NewRaise, 'key' | 'digest'>> = {},
): NewRaise {
  const id = randomText(20)
  return { trigger, id, key, digest, at: Date.now(), by: 'me', source: 'test', create: true }
}

function sequences(results: readonly RaiseResult[]): (number | undefined)[] {
  return results.map((result) => ('sequence' in result ? result.sequence : undefined))
}

/** Each raise that had an effect has a sequence of its own, without gaps, and every repeat that of its first. */
async function assertCounted(
  storage: Storage,
  raises: readonly NewRaise[],
  results: readonly RaiseResult[],
): Promise<void> {
  for (const name of new Set(raises.map(({ trigger }) => trigger))) {
    const own = raises.flatMap((one, index) =>
      one.trigger === name ? [[one, results[index]] as const] : [],
    )
    const fresh = own.flatMap(([, result]) => (result?.kind === 'raised' ? [result.sequence] : []))
    const keys = own.map(([{ key, id }]) => key ?? id)
    const expected = Array.from({ length: new Set(keys).size }, (_, index) => index + 1)
    assert.deepEqual(
      fresh.toSorted((one, two) => one - two),
      expected,
    )
    const events = await storage.triggers.events(name, { after: 0, limit: 100 })
    assert.deepEqual(
      events.map(({ sequence }) => sequence),
      expected,
    )
    for (const [{ key }, result] of own) {
      if (key === undefined || result === undefined || !('sequence' in result)) continue
      assert.equal(events[result.sequence - 1]?.key, key)
    }
  }
}
