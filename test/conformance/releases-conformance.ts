import assert from 'node:assert/strict'

import type { PublishedRelease } from '../../src/control/storage/release-records.ts'
import { open, type DatabaseUnderTest, type Story } from '../support/database-under-test.ts'

/** What releases must do on every database. */
export function releasesConformance(story: Story): void {
  story('a release is added once, and its name and version belong to it', async (t, under) => {
    const { releases } = await open(t, under)
    const one = release('1.0', 'a')
    assert.equal(await releases.add(one), 'added')
    assert.equal(await releases.add({ ...one, publishedAt: 99 }), 'repeated')
    assert.deepEqual(await releases.add(release('1.0', 'b')), { takenBy: digest('a') })
    assert.deepEqual(await releases.get(digest('a')), one)
    assert.equal(await releases.get(digest('b')), undefined)
    const signed = { statement: '{}', signatures: 's' }
    assert.equal(await releases.sign(digest('b'), signed), false)
    assert.equal(await releases.sign(digest('a'), signed), true)
    assert.deepEqual((await releases.get(digest('a')))?.signed, signed)
  })

  story('a release is found by latest, version, pattern and digest', async (t, under) => {
    const { releases } = await open(t, under)
    const versions = ['1.0', '2.0', '1.1', '1x1', '3+b']
    for (const [index, version] of versions.entries())
      await releases.add({ ...release(version, String(index)), publishedAt: index })
    await releases.add({ ...release('9.0', 'f'), name: 'blog', publishedAt: 50 })
    const find = async (wanted: string) => (await releases.find({ name: 'shop', wanted }))?.version
    assert.equal(await find('latest'), '3+b')
    assert.equal(await find('2.0'), '2.0')
    assert.equal(await find('1.*'), '1.1')
    assert.equal(await find('*+b'), '3+b')
    assert.equal(await find('1?1'), undefined)
    assert.equal(await find('1'), undefined)
    assert.equal(await find('*'), '3+b')
    assert.equal(await find('sha256:11111111'), '2.0')
    assert.equal(await find('sha256:ffffffff'), undefined)
  })

  story('releases are listed from the latest on, page by page', async (t, under) => {
    const { releases } = await open(t, under)
    for (const [index, letter] of ['a', 'b', 'c'].entries())
      await releases.add({ ...release(letter, letter), publishedAt: Math.min(index, 1) })
    const first = await releases.list({ limit: 2 })
    assert.deepEqual(names(first), ['c', 'b'])
    assert.deepEqual(names(await releases.list({ limit: 2, before: first.at(-1) })), ['a'])
    assert.deepEqual(await releases.list({ name: 'blog', limit: 2 }), [])
  })

  story('what is desired, under way or current somewhere is not removed', async (t, under) => {
    const { releases, close } = await open(t, under)
    for (const letter of ['a', 'b', 'c', 'd']) await releases.add(release(letter, letter))
    await close()
    await insertFleet(under)
    const again = await open(t, under)
    assert.deepEqual([...(await again.releases.inUse())].toSorted(), ['a', 'b', 'c'].map(digest))
    const removed = []
    for (const letter of ['a', 'b', 'c', 'd', 'e'])
      removed.push(await again.releases.remove(digest(letter)))
    assert.deepEqual(removed, [false, false, false, true, false])
  })

  story(
    'an agent is meant to have what it is desired to run, and releases of its app',
    async (t, under) => {
      const { releases, close } = await open(t, under)
      for (const letter of ['a', 'b', 'c']) await releases.add(release(letter, letter))
      await releases.add({ ...release('d', 'd'), name: 'blog' })
      await close()
      await insertFleet(under)
      const again = await open(t, under)
      const meant = (agent: string, letter: string) =>
        again.releases.isMeantFor(agent, digest(letter))
      assert.deepEqual([await meant('one', 'a'), await meant('one', 'b')], [true, false])
      assert.deepEqual([await meant('two', 'd'), await meant('two', 'a')], [true, false])
      assert.equal(await meant('nobody', 'a'), false)
    },
  )
}

/** Release a is desired by one, b is under way, c is current on two, whose label names blog. */
async function insertFleet(under: DatabaseUnderTest): Promise<void> {
  const observed = JSON.stringify({ apps: [{ current: { digest: digest('c') } }] })
  const deployment = (id: string, letter: string, finished: string) =>
    `insert into deployments (id, app, digest, selector, state, requested_by, source, created_at, changed_at, finished_at, events)
     values ('${id}', 'shop', '${digest(letter)}', '{}', 'x', 'me', 'token', 1, 1, ${finished}, 0)`
  await under.ask(deployment('old', 'a', '5'))
  await under.ask(deployment('new', 'b', 'null'))
  await under.ask("insert into desires values ('one', 'shop', 1, 'old', 'commit', null)")
  const agent = (id: string, labels: string, seen: string) =>
    `insert into agents (id, name, public_key, labels, state, revision, reported, created_at, observed)
     values ('${id}', '${id}', '${id}', '${labels}', 'joined', 1, 0, 1, ${seen})`
  await under.ask(agent('one', '{}', 'null'))
  await under.ask(agent('two', '{"app":"blog"}', `'${observed}'`))
}

function release(version: string, letter: string): PublishedRelease {
  return {
    digest: digest(letter),
    name: 'shop',
    version,
    size: 7,
    file: `shop-${version}.tar`,
    signed: null,
    publishedAt: 1,
    publishedBy: 'me',
  }
}

function digest(letter: string): string {
  return letter.repeat(64)
}

function names(releases: readonly PublishedRelease[]): string[] {
  return releases.map(({ version }) => version)
}
