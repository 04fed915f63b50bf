import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import { writePolicy } from '../support/host-service.ts'
import { openSite } from '../support/host-site.ts'
import { waitUntil } from '../support/wait-until.ts'

test('a release is staged, proved and waits, gets its traffic and waits, and is kept when the server says so', async (t) => {
  const site = await openSite(t)
  await site.want(1, 'commit')
  await site.reaches(1, 'committed')
  assert.equal(await site.version(), '1')

  await site.want(2, 'prepare')
  await site.reaches(2, 'ready')
  assert.equal(await site.version(), '1')
  await site.want(2, 'switch')
  await site.reaches(2, 'switched')
  assert.equal(await site.version(), '2')
  await site.want(2, 'commit')
  await site.reaches(2, 'committed')
  assert.deepEqual(site.states(2), ['preparing', 'ready', 'switched', 'committed'])
  const numbers = site.service.reports.map(({ number }) => number)
  assert.deepEqual(
    numbers,
    numbers.map((_number, index) => index + 1),
  )
  await site.service.until('the host to be seen at generation 2', () => {
    const { apps = [] } = site.service.of('observed').at(-1) ?? {}
    return apps.some(({ generation, current }) => generation === 2 && current?.version === '2')
  })
  assert.equal(await site.service.stop(), 0)
})

test('a deployment that the server takes back is undone, before its switch and after it', async (t) => {
  const site = await openSite(t)
  await site.want(1, 'commit')
  await site.reaches(1, 'committed')
  await site.want(2, 'prepare')
  await site.reaches(2, 'ready')
  await site.want(2, 'back')
  await site.reaches(2, 'undone')
  assert.equal(site.service.states('d2').at(-1)?.error?.code, 'taken-back')
  await site.want(3, 'switch')
  await site.reaches(3, 'switched')
  assert.equal(await site.version(), '3')
  await site.want(3, 'back')
  await site.reaches(3, 'undone')
  assert.equal(await site.version(), '1')
  const told = site.service.of('deployment-state').filter(({ rejects }) => rejects === true)
  assert.deepEqual(told, [])
})

test('a deployment that still stages is taken back at once', async (t) => {
  const site = await openSite(t)
  await site.want(1, 'commit')
  await site.reaches(1, 'committed')
  await site.sample('2', { manifest: { prestartCommand: 'exec sleep 1000' } })
  await site.want(2, 'prepare')
  await site.begins(2, 'prestart')
  await site.want(2, 'back')
  await site.reaches(2, 'undone')
  assert.equal(site.service.states('d2').at(-1)?.error?.code, 'taken-back')
})

test('a host that hears nothing after its switch goes back by itself, and forward again when the commit stood', async (t) => {
  const site = await openSite(t, { settings: { confirmWithin: '1s' } })
  await site.want(1, 'commit')
  await site.reaches(1, 'committed')
  await site.want(2, 'switch')
  await site.reaches(2, 'undone')
  assert.equal(site.service.states('d2').at(-1)?.error?.code, 'unconfirmed')
  assert.equal(await site.version(), '1')
  await site.want(2, 'commit')
  await site.reaches(2, 'committed')
  assert.equal(await site.version(), '2')
})

test('a release that fails by itself is told to be rejected, and is not tried again', async (t) => {
  const site = await openSite(t)
  await site.want(1, 'commit')
  await site.reaches(1, 'committed')
  const check = { type: 'http', path: '/', interval: '10ms', timeout: '1s', within: '300ms' }
  await site.sample('2', { app: { healthy: false }, manifest: { check } })
  await site.want(2, 'prepare')
  await site.reaches(2, 'undone')
  const { error, rejects } = site.service.states('d2').at(-1) ?? {}
  assert.deepEqual([error?.code, rejects], ['unhealthy', true])
  await site.want(2, 'switch')
  await site.want(3, 'commit')
  await site.reaches(3, 'committed')
  assert.deepEqual(site.states(2), ['preparing', 'undone'])
})

test('a generation that was reached is not deployed again, whatever is stated after it', async (t) => {
  const site = await openSite(t)
  await site.want(2, 'commit')
  await site.reaches(2, 'committed')
  await site.want(2, 'switch')
  await site.want(1, 'commit')
  await site.want(2, 'back')
  await site.service.stop()
  await site.service.start()
  await site.want(3, 'commit')
  await site.reaches(3, 'committed')
  const { deployments } = await site.machine
    .json('history')
    .then((history) => ({ deployments: Object.values(history) }))
  assert.equal(deployments.length, 2)
  assert.deepEqual(
    [site.states(1), site.states(2)],
    [[], ['preparing', 'ready', 'switched', 'committed']],
  )
})

test('what the policy does not name is refused with the lines that would allow it, and goes on once they are there', async (t) => {
  const site = await openSite(t)
  rmSync(site.service.policy)
  await site.want(1, 'commit')
  await site.reaches(1, 'refused')
  const { error } = site.service.states('d1').at(-1) ?? {}
  assert.equal(error?.code, 'policy-refused')
  assert.match(error.message, /there is no .*policy\.yaml/)
  assert.match(String(error?.hint), /apps: \{ shop: \{\} \}/)
  writePolicy(site.service.policy, { apps: { shop: { user: 'nobody-else' } } })
  await site.service.until('another refusal', () =>
    String(site.service.states('d1').at(-1)?.error?.message).includes('must run as'),
  )
  writeFileSync(site.service.policy, 'apps: { shop: { users: x } }', { mode: 0o600 })
  await site.service.until('the broken file', () =>
    /policy\.yaml:1:\d+: apps\.shop: unknown key "users"/.test(
      String(site.service.states('d1').at(-1)?.error?.message),
    ),
  )
  writePolicy(site.service.policy, { apps: { shop: {} } })
  await site.reaches(1, 'committed')
})

test('an app that a person works on is left alone until the hold is released', async (t) => {
  const site = await openSite(t)
  await site.want(1, 'commit')
  await site.reaches(1, 'committed')
  const own = await site.machine.json('deploy', await site.machine.pack({ version: '9' }))
  assert.equal(own['outcome'], 'succeeded', JSON.stringify(own))
  await site.want(2, 'prepare')
  await site.reaches(2, 'held')
  const status = await site.machine.sluice('status')
  assert.match(status.stdout, /held: by .*release-hold shop/)
  const released = await site.machine.sluice('release-hold', 'shop')
  assert.match(released.stdout, /shop is the server's again/)
  await site.want(2, 'commit')
  await site.reaches(2, 'committed')
  assert.equal(await site.version(), '2')
  await site.machine.json('rollback', '--to', 'shop-1', '--wait', '30')
  assert.equal(await site.version(), '1')
  await site.machine.sluice('lift', 'shop@2', '--reason', 'it was none')
  await site.machine.sluice('release-hold', 'shop')
  await waitUntil(async () => (await site.version()) === '2', 'the release of the server')
  await site.machine.json('rollback', '--to', 'shop-9', '--wait', '30')
  await site.want(3, 'prepare')
  await site.reaches(3, 'held')
  await site.want(3, 'commit', { holdReleasedAt: Date.now() + 1000 })
  await site.reaches(3, 'committed')
  assert.equal(await site.version(), '3')
})

test('a release that is rejected elsewhere is refused here until the server lifts it', async (t) => {
  const site = await openSite(t)
  const { digest, version } = await site.sample('1', {})
  const words = { reason: 'carts were empty', by: 'bob', at: Date.now() }
  await site.service.desire({ rejected: [{ app: 'shop', digest, version, ...words }] })
  await site.want(1, 'commit')
  await site.reaches(1, 'refused')
  const { error } = site.service.states('d1').at(-1) ?? {}
  assert.deepEqual(
    [error?.code, error?.message],
    ['quarantined', 'it was rejected by bob: carts were empty'],
  )
  const local = await site.machine.sluice('deploy', join(site.machine.folder, 'shop-1.tar.gz'))
  assert.equal(local.status, 4)
  await site.service.desire({ rejected: [] })
  await site.reaches(1, 'committed')
})
