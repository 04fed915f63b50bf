import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { digestFile, packRelease, type ReleaseStore } from '../../src/release/index.ts'
import { temporaryFolder } from '../support/temp-folder.ts'

/** A store under test, and the side door by which releases get into it and are damaged. */
export interface StoreUnderTest {
  readonly store: ReleaseStore
  /** Publishes an archive, by the store itself or by whatever fills it. */
  add(archive: string): Promise<void>
  /** Puts other bytes in the place of a published archive. */
  damage(file: string, bytes: Buffer): void
  /** Takes an archive away while the index still has it. */
  remove(file: string): void
}

/** What every store must do; a new store calls this with a way to open an empty one. */
export function storeConformance(
  kind: string,
  open: (t: TestContext, folder: string) => Promise<StoreUnderTest>,
): void {
  const story = (name: string, run: (t: TestContext, place: Place) => Promise<void>): void => {
    test(`${kind}: ${name}`, async (t) => {
      const folder = temporaryFolder(t)
      mkdirSync(join(folder, 'inbox'))
      await run(t, { folder, under: await open(t, folder) })
    })
  }

  story('an empty store lists nothing and finds nothing', async (_t, { under }) => {
    assert.deepEqual(await under.store.list(), [])
    await assert.rejects(under.store.find('shop-1.tar.gz'), { code: 'release-not-found' })
  })

  story(
    'a published release is listed with all that is known of it',
    async (_t, { folder, under }) => {
      const archive = await release(folder, 'shop', '1.0.0')
      await under.add(archive)
      const [listed, ...others] = await under.store.list()
      assert.deepEqual(others, [])
      assert.equal(listed?.file, 'shop-1.0.0.tar.gz')
      assert.deepEqual([listed.name, listed.version], ['shop', '1.0.0'])
      assert.equal(listed.digest, await digestFile(archive))
      assert.equal(listed.size, readFileSync(archive).length)
      assert.ok(Math.abs((listed.publishedAt ?? 0) - Date.now()) < 60_000)
    },
  )

  story(
    'releases are found by file, by version, as the latest, and by digest',
    async (_t, { folder, under }) => {
      for (const version of ['1.0.0', '1.1.0'])
        await under.add(await release(folder, 'shop', version))
      await under.add(await release(folder, 'blog', '7'))
      const { store } = under
      assert.equal((await store.find('shop-1.0.0.tar.gz')).version, '1.0.0')
      assert.equal((await store.find('shop@1.0.0')).file, 'shop-1.0.0.tar.gz')
      assert.equal((await store.find('shop@latest')).version, '1.1.0')
      const { digest } = await store.find('blog@latest')
      assert.equal((await store.find(`sha256:${digest?.slice(0, 8)}`)).name, 'blog')
      assert.equal((await store.find(`sha256:${digest}`)).name, 'blog')
    },
  )

  story('a name that is not there is answered with the nearest', async (_t, { folder, under }) => {
    await under.add(await release(folder, 'shop', '1.0.0'))
    const asked = ['shop-1.0.1.tar.gz', 'shop@1.0.1', 'shop', 'SHOP@1.0.0']
    for (const wanted of asked) {
      await assert.rejects(under.store.find(wanted), { code: 'release-not-found', hint: /shop/ })
    }
    for (const wanted of [
      '',
      '../shop',
      'sha256:abc',
      'sha256:00000000',
      'blog@latest',
      '@',
      'toString',
    ]) {
      await assert.rejects(under.store.find(wanted), { code: 'release-not-found' })
    }
  })

  story(
    'a fetched release is the published one, and its digest is told',
    async (_t, { folder, under }) => {
      const archive = await release(folder, 'shop', '1.0.0')
      await under.add(archive)
      const to = join(folder, 'fetched')
      const fetched = await fetch(under.store, 'shop@latest', to)
      assert.equal(fetched.digest, await digestFile(archive))
      assert.deepEqual(readFileSync(to), readFileSync(archive))
      assert.equal(fetched.size, readFileSync(to).length)
      assert.deepEqual(residue(folder), [])
    },
  )

  story('progress is told while fetching', async (_t, { folder, under }) => {
    await under.add(await release(folder, 'shop', '1.0.0'))
    const done: unknown[] = []
    const found = await under.store.find('shop@latest')
    const signal = new AbortController().signal
    await under.store.fetch(found, {
      to: join(folder, 'x'),
      signal,
      step: 'fetch',
      report: (event) => done.push(event),
    })
    assert.deepEqual(done.at(-1), {
      type: 'step-progress',
      step: 'fetch',
      done: found.size,
      total: found.size,
      unit: 'bytes',
    })
  })

  story('a leftover of an earlier try is of no harm', async (_t, { folder, under }) => {
    const archive = await release(folder, 'shop', '1.0.0')
    await under.add(archive)
    const to = join(folder, 'fetched')
    writeFileSync(`${to}.part`, 'left by a crash')
    assert.equal((await fetch(under.store, 'shop@latest', to)).digest, await digestFile(archive))
    writeFileSync(`${to}.part`, Buffer.alloc(readFileSync(archive).length))
    assert.equal((await fetch(under.store, 'shop@latest', to)).digest, await digestFile(archive))
  })

  for (const [how, change] of [
    [
      'a flipped bit',
      (bytes: Buffer) => Buffer.from(bytes.map((byte, index) => (index === 50 ? byte ^ 1 : byte))),
    ],
    ['one byte less', (bytes: Buffer) => bytes.subarray(0, -1)],
    ['one byte more', (bytes: Buffer) => Buffer.concat([bytes, Buffer.from('x')])],
    ['nothing in it', () => Buffer.alloc(0)],
  ] as const) {
    story(`an archive with ${how} is never delivered`, async (_t, { folder, under }) => {
      const archive = await release(folder, 'shop', '1.0.0')
      await under.add(archive)
      const found = await under.store.find('shop@latest')
      under.damage(found.file, change(readFileSync(archive)))
      const to = join(folder, 'fetched')
      await assert.rejects(fetch(under.store, 'shop@latest', to), {
        code: /digest-mismatch|download-failed/,
      })
      assert.throws(() => readFileSync(to), { code: 'ENOENT' })
    })
  }

  story('an archive that is gone is told as such', async (_t, { folder, under }) => {
    await under.add(await release(folder, 'shop', '1.0.0'))
    const found = await under.store.find('shop@latest')
    under.remove(found.file)
    const options = {
      to: join(folder, 'x'),
      signal: new AbortController().signal,
      step: 'fetch',
      report: () => undefined,
    }
    await assert.rejects(under.store.fetch(found, options), { code: 'release-not-found' })
  })

  story(
    'a fetch that is stopped leaves nothing under the final name',
    async (_t, { folder, under }) => {
      await under.add(await release(folder, 'shop', '1.0.0'))
      const found = await under.store.find('shop@latest')
      const options = {
        to: join(folder, 'x'),
        signal: AbortSignal.abort(),
        step: 'fetch',
        report: () => undefined,
      }
      await assert.rejects(under.store.fetch(found, options))
      assert.throws(() => readFileSync(join(folder, 'x')), { code: 'ENOENT' })
    },
  )

  story(
    'publishing keeps releases immutable, or is refused as a whole',
    async (_t, { folder, under }) => {
      const archive = await release(folder, 'shop', '1.0.0')
      const signal = new AbortController().signal
      if (!under.store.writable) {
        await assert.rejects(under.store.publish(archive, { signal }), { code: 'store-read-only' })
        return
      }
      const first = await under.store.publish(archive, { signal })
      assert.deepEqual(await under.store.publish(archive, { signal }), first)
      const other = await release(folder, 'shop', '1.0.0', 'other content')
      await assert.rejects(under.store.publish(other, { signal }), { code: 'release-exists' })
      const renamed = join(folder, 'inbox/renamed-9.tar.gz')
      writeFileSync(renamed, readFileSync(other))
      await assert.rejects(under.store.publish(renamed, { signal }), { code: 'release-exists' })
      assert.equal((await fetch(under.store, 'shop@1.0.0', join(folder, 'x'))).digest, first.digest)
    },
  )
}

interface Place {
  readonly folder: string
  readonly under: StoreUnderTest
}

/** Packs a small release of which a byte can be changed. */
export async function release(
  folder: string,
  name: string,
  version: string,
  content = 'x',
): Promise<string> {
  const source = join(folder, `source-${name}-${version}-${content}`)
  mkdirSync(source, { recursive: true })
  writeFileSync(join(source, 'release.json'), JSON.stringify({ name, version }))
  writeFileSync(join(source, 'content'), `${name} ${version} ${content}`)
  return (await packRelease(source, { to: join(folder, 'inbox', `${name}-${version}.tar.gz`) }))
    .file
}

export async function fetch(
  store: ReleaseStore,
  wanted: string,
  to: string,
): Promise<{ digest: string; size: number }> {
  const signal = new AbortController().signal
  return await store.fetch(await store.find(wanted), {
    to,
    signal,
    step: 'fetch',
    report: () => undefined,
  })
}

function residue(folder: string): string[] {
  return ['fetched.part', 'fetched.part.version']
    .filter((file) => {
      try {
        readFileSync(join(folder, file))
        return true
      } catch {
        return false
      }
    })
    .map((file) => basename(file))
}
