import assert from 'node:assert/strict'
import { appendFileSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import { writePolicy } from '../support/host-service.ts'
import { openSite, type Site } from '../support/host-site.ts'

/** Signs the release of a version with the key of the machine; answers what the server would carry with it. */
async function sign(site: Site, version: string, sequence: number) {
  const { folder } = site.machine
  const release = await site.sample(version, {})
  const archive = join(folder, release.file)
  const words = ['--key', join(folder, 'release.key'), '--sequence', String(sequence)]
  const signed = await site.machine.sluice('sign', archive, ...words)
  assert.equal(signed.status, 0, signed.stderr)
  const read = (end: string): string => readFileSync(`${archive}.statement.json${end}`, 'utf8')
  return { ...release, signed: { statement: read(''), signatures: read('.minisig') } }
}

test('where a key is named only what it signed is deployed, and nothing older than what was committed', async (t) => {
  const site = await openSite(t)
  const key = join(site.machine.folder, 'release.key')
  await site.machine.sluice('key', 'new', key)
  const policy = { apps: { shop: {} }, signing: { keys: [`${key}.pub`] } }
  writePolicy(site.service.policy, policy)
  await site.want(1, 'commit')
  await site.reaches(1, 'refused')
  assert.equal(site.service.states('d1').at(-1)?.error?.code, 'signature-missing')

  await site.want(2, 'commit', { release: await sign(site, '2', 20) })
  await site.reaches(2, 'committed')
  const altered = await sign(site, '3', 30)
  const statement = altered.signed.statement.replace('30', '31')
  await site.want(3, 'commit', {
    release: { ...altered, signed: { ...altered.signed, statement } },
  })
  await site.reaches(3, 'refused')
  assert.equal(site.service.states('d3').at(-1)?.error?.code, 'signature-wrong')

  const older = await sign(site, '4', 19)
  await site.want(4, 'commit', { release: older })
  await site.reaches(4, 'refused')
  assert.equal(site.service.states('d4').at(-1)?.error?.code, 'signature-sequence-low')
  await site.service.kill()
  await site.service.start()
  await site.want(5, 'commit', { release: older })
  await site.reaches(5, 'refused')
  writePolicy(site.service.policy, { ...policy, apps: { shop: { lowestSequence: 19 } } })
  await site.reaches(5, 'committed')
})

test('a file that is not the archive is not taken, whatever it is, and is asked for again', async (t) => {
  const site = await openSite(t)
  const release = await site.sample('1', {})
  const { file, digest, size } = release
  const { folder } = site.machine
  const wrong = join(folder, 'wrong')
  writeFileSync(wrong, Buffer.alloc(size))
  const long = join(folder, 'long')
  writeFileSync(long, readFileSync(join(folder, file)))
  appendFileSync(long, 'x')
  const link = join(folder, 'link')
  symlinkSync(join(folder, file), link)
  const unknown = { ...release, digest: 'ab'.repeat(32) }
  await site.want(1, 'commit', { release: unknown })
  await site.service.until('it to be wanted', () => site.states(1).includes('preparing'))
  for (const path of [wrong, long, link, join(folder, 'none'), '/dev/zero', folder]) {
    const answer = await site.service.ask({ ask: 'offer', digest: unknown.digest, path })
    assert.deepEqual(answer, { taken: false }, path)
  }
  const { wants } = await site.service.ask({ ask: 'hello' })
  assert.deepEqual(wants, [{ digest: unknown.digest, size }])
  await site.service.until('the alarms', () => site.service.of('alarm').length === 6)
  const told = JSON.stringify(site.service.of('alarm'))
  assert.ok(!told.includes(digest), 'the digest of what was offered is told')
})

test('an archive that a compromised server gives another name cannot get round the policy', async (t) => {
  const site = await openSite(t)
  const archive = await site.machine.pack({ name: 'billing', version: '1' })
  const billing = await site.service.provide(archive)
  await site.want(1, 'commit', { release: { ...billing, name: 'shop' } })
  await site.reaches(1, 'refused')
  assert.match(
    String(site.service.states('d1').at(-1)?.error?.message),
    /the archive is billing 1, announced was shop 1/,
  )
  await site.want(2, 'commit', { release: billing })
  await site.reaches(2, 'refused')
  assert.match(
    String(site.service.states('d2').at(-1)?.error?.message),
    /billing is not a release of shop/,
  )
})

test('an archive that the host has kept is not wanted again, unless it was damaged', async (t) => {
  const site = await openSite(t)
  await site.want(1, 'commit')
  await site.reaches(1, 'committed')
  const release = await site.sample('1', {})
  const desire = { app: 'shop', by: 'ada', phase: 'commit', release } as const
  const asked = (): Promise<Record<string, unknown>> => site.service.ask({ ask: 'hello' })
  await site.service.desire({ apps: [{ ...desire, generation: 2, deployment: 'd2' }] })
  await site.reaches(2, 'committed')
  assert.deepEqual((await asked())['wants'], [])
  const kept = join(site.machine.root, 'apps/shop/releases', release.digest, release.file)
  writeFileSync(kept, Buffer.alloc(statSync(kept).size))
  await site.service.desire({ apps: [{ ...desire, generation: 3, deployment: 'd3' }] })
  await site.reaches(3, 'committed')
})

test('nonsense on the socket is refused and does no harm', async (t) => {
  const site = await openSite(t)
  const asks = [
    {},
    [],
    { ask: 'shutdown' },
    { ask: 'desire', desired: { epoch: 'e1' } },
    { ask: 'desire', desired: 5 },
    { ask: 'offer', digest: '../../x', path: '/etc/passwd' },
    { ask: 'reports', after: -1, wait: 0 },
    { ask: 'acknowledge', upTo: 'x' },
  ]
  for (const ask of asks) {
    const { error } = (await site.service.ask(ask)) as { error?: { code: string } }
    assert.equal(error?.code, 'request-invalid', JSON.stringify(ask))
  }
  assert.deepEqual(await site.service.ask({ ask: 'acknowledge', upTo: 999 }), {
    upTo: ((await site.service.ask({ ask: 'hello' })) as { acknowledged: number }).acknowledged,
  })
  const { mode } = statSync(join(site.machine.folder, 'run/host.sock'))
  assert.equal(mode & 0o777, 0o660)
  await site.want(1, 'commit')
  await site.reaches(1, 'committed')
})
