import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import { openSite, type Site } from '../support/host-site.ts'
import { waitUntil } from '../support/wait-until.ts'

async function restart({ service }: Site): Promise<void> {
  await service.kill()
  await service.start()
}

/** A release whose prestart command waits until the file `go` is there. */
async function slowRelease(site: Site, version: string): Promise<string> {
  const go = join(site.machine.folder, 'go')
  const prestartCommand = `while [ ! -e '${go}' ]; do sleep 0.05; done`
  await site.sample(version, { manifest: { prestartCommand } })
  return go
}

test('a deployment that is cut off while it stages, ready, switched or drained comes to its true end', async (t) => {
  const site = await openSite(t)
  await site.want(1, 'commit')
  await site.reaches(1, 'committed')
  const go = await slowRelease(site, '2')
  await site.want(2, 'prepare')
  await site.begins(2, 'prestart')
  await restart(site)
  writeFileSync(go, '')
  await site.reaches(2, 'ready')
  await restart(site)
  assert.equal(await site.version(), '1')
  await site.want(2, 'switch')
  await site.reaches(2, 'switched')
  await restart(site)
  assert.equal(await site.version(), '2')
  await site.want(2, 'commit')
  await site.reaches(2, 'committed')
  await restart(site)
  assert.equal(await site.version(), '2')
  assert.deepEqual(site.states(2), ['preparing', 'ready', 'switched', 'committed'])
  const history = Object.values(await site.machine.json('history'))
  assert.equal(history.length, 2)
})

test('a host whose service is dead goes back by itself, and its next start tells so and goes forward when the commit stood', async (t) => {
  const site = await openSite(t, { settings: { confirmWithin: '2s' } })
  await site.want(1, 'commit')
  await site.reaches(1, 'committed')
  await site.want(2, 'switch')
  await site.reaches(2, 'switched')
  await site.service.kill()
  await waitUntil(async () => (await site.version()) === '1', 'the timer to take it back')
  await site.service.start()
  await site.reaches(2, 'undone')
  assert.equal(await site.version(), '1')
  await site.want(2, 'commit')
  await site.reaches(2, 'committed')
  assert.equal(await site.version(), '2')
})

test('a service that is told to end leaves a deployment to its next start', async (t) => {
  const site = await openSite(t)
  await site.want(1, 'commit')
  await site.reaches(1, 'committed')
  await site.want(2, 'switch')
  await site.reaches(2, 'switched')
  assert.equal(await site.service.stop(), 0)
  assert.equal(await site.version(), '2')
  await site.service.start()
  await site.want(2, 'commit')
  await site.reaches(2, 'committed')
  assert.deepEqual(site.states(2), ['preparing', 'ready', 'switched', 'committed'])
})

test('what the server took back while the service was dead is undone by its next start', async (t) => {
  const site = await openSite(t)
  await site.want(1, 'commit')
  await site.reaches(1, 'committed')
  await site.want(2, 'prepare')
  await site.reaches(2, 'ready')
  await site.service.kill()
  await site.service.start()
  await site.want(2, 'back')
  await site.reaches(2, 'undone')
  assert.equal(await site.version(), '1')
  const status = await site.machine.json('status')
  const [app] = status['apps'] as { deploys: { label: string }[]; unfinished?: string }[]
  assert.deepEqual(
    [app?.deploys.map(({ label }) => label), app?.unfinished],
    [['shop-1'], undefined],
  )
})

test('a state in the middle of which the service ended three times is set aside, and told', async (t) => {
  const site = await openSite(t)
  await slowRelease(site, '1')
  await site.want(1, 'commit')
  await site.begins(1, 'prestart')
  await restart(site)
  await restart(site)
  assert.deepEqual(site.service.of('alarm'), [])
  await restart(site)
  await site.service.until('the alarm', () => site.service.of('alarm').length === 1)
  assert.equal(site.service.of('alarm')[0]?.code, 'desire-poisoned')
  const { desired } = await site.service.ask({ ask: 'hello' })
  assert.deepEqual(desired, { epoch: 'e1', revision: 1 })
  writeFileSync(join(site.machine.folder, 'go'), '')
  await site.want(1, 'commit')
  await site.reaches(1, 'committed')
})

test('reports are told again until they are acknowledged, also by the next start', async (t) => {
  const site = await openSite(t)
  await site.want(1, 'commit')
  await site.reaches(1, 'committed')
  const [first] = site.service.reports
  const last = site.service.reports.at(-1)?.number ?? 0
  await restart(site)
  const again = await site.service.ask({ ask: 'reports', after: 0, wait: 0 })
  assert.deepEqual((again['reports'] as unknown[])[0], first)
  assert.deepEqual(await site.service.ask({ ask: 'acknowledge', upTo: last }), { upTo: last })
  const { reports } = (await site.service.ask({ ask: 'reports', after: 0, wait: 0 })) as {
    reports: { number: number }[]
  }
  assert.ok(reports.every(({ number }) => number > last))
  const hello = await site.service.ask({ ask: 'hello' })
  assert.equal(hello['acknowledged'], last)
  assert.ok(existsSync(join(site.machine.root, 'agent/outbox.log')))
})
