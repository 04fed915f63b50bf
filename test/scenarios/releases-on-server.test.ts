import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { digestFile } from '../../src/release/index.ts'
import { packSampleRelease } from '../support/sample-release.ts'
import { ask, ended, firstStart, prepareServer, type Place } from '../support/server-place.ts'
import { waitUntil } from '../support/wait-until.ts'

// A build publishes signed releases to the built server, which is killed in the middle of one.

async function begin(t: TestContext) {
  const place = await prepareServer(t)
  const server = await place.start(...firstStart)
  await ask(place, 'tokens', 'create', 'deployer:shop/production', '--output', 'ci.token')
  const archive = await packSampleRelease(place.folder, { version: '1.4.2' })
  return { place, server, archive, digest: await digestFile(archive) }
}

test('a build publishes a signed release by one command, and again without effect', async (t) => {
  const { place, server, archive, digest } = await begin(t)
  const publish = ['publish', archive, '--token-file', 'ci.token'] as const
  const first = await ask(place, ...publish)
  assert.deepEqual([first['digest'], first['isSigned']], [digest, false])
  await ask(place, 'key', 'new', 'release.key')
  await ask(place, 'sign', archive, '--key', 'release.key')
  assert.equal((await ask(place, ...publish))['isSigned'], true)
  const listed = await place.sluice('releases', 'shop', '--token-file', 'ci.token')
  assert.match(listed.stdout, new RegExp(`shop@1\\.4\\.2 .* sha256:${digest.slice(0, 12)}`))
  const foreign = await packSampleRelease(place.folder, { name: 'blog', version: '1' })
  const refused = await place.sluice('publish', foreign, '--token-file', 'ci.token')
  assert.deepEqual([refused.status, refused.stderr.includes('there is no release')], [4, true])
  const both = await place.sluice('publish', archive, '--store', '.', '--server', place.url)
  assert.match(both.stderr, /both --server and --store/)
  assert.equal(await ended(server, 'SIGTERM'), 0)
})

test('a server killed in the middle of an upload keeps nothing of it, and takes it the next time', async (t) => {
  const { place, server, archive, digest } = await begin(t)
  const incoming = join(place.folder, 'state/releases/incoming')
  const upload = sendPart(place, { digest, size: readFileSync(archive).length })
  await waitUntil(() => readdirSync(incoming).length === 1, 'the upload to begin')
  await ended(server, 'SIGKILL')
  upload.destroy()
  await place.start()
  assert.deepEqual((await ask(place, 'releases'))['releases'], [])
  await ask(place, 'publish', archive, '--token-file', 'ci.token')
  assert.deepEqual(
    readdirSync(join(place.folder, 'state/releases')).toSorted(),
    [digest, 'incoming'].toSorted(),
  )
})

/** Begins an upload that comes to no end. */
function sendPart({ url, folder }: Place, { digest, size }: { digest: string; size: number }) {
  const token = readFileSync(join(folder, 'ci.token'), 'utf8').trim()
  const sent = request(`${url}/v1/releases/${digest}?app=shop`, {
    method: 'PUT',
    rejectUnauthorized: false,
    headers: { authorization: `Bearer ${token}`, 'content-length': size },
  })
  sent.on('error', () => undefined)
  sent.write('a beginning')
  return sent
}

test('a signed release keeps its statement on its way through a directory store', async (t) => {
  const place = await prepareServer(t)
  const archive = await packSampleRelease(place.folder, { version: '1.4.2' })
  await ask(place, 'key', 'new', 'release.key')
  await ask(place, 'sign', archive, '--key', 'release.key')
  mkdirSync(join(place.folder, 'store'))
  await ask(place, 'publish', archive, '--store', 'store')
  const names = readdirSync(join(place.folder, 'store')).filter((name) => !name.startsWith('.'))
  assert.deepEqual(names.toSorted(), [
    'index.json',
    'shop-1.4.2.tar.gz',
    'shop-1.4.2.tar.gz.statement.json',
    'shop-1.4.2.tar.gz.statement.json.minisig',
  ])
  const words = ['--key', 'release.key.pub'] as const
  await ask(place, 'verify', 'store/shop-1.4.2.tar.gz', ...words)
})
