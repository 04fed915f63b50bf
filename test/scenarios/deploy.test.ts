import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import { createMachine, type Machine } from '../support/machine.ts'
import { stepBegun } from '../support/step-begun.ts'

async function versionServed(machine: Machine): Promise<unknown> {
  const { status, body } = await machine.get('/')
  return status === 200 ? (JSON.parse(body) as { version: string }).version : status
}

test('a release goes live, a second one replaces it, and a rollback brings the first back as it was', async (t) => {
  const machine = await createMachine(t)
  const first = await machine.json('deploy', await machine.pack({ version: '1' }))
  assert.equal(first['outcome'], 'succeeded', JSON.stringify(first))
  assert.equal(await versionServed(machine), '1')

  const second = await machine.json('deploy', await machine.pack({ version: '2' }))
  assert.equal(second['outcome'], 'succeeded', JSON.stringify(second))
  assert.equal(await versionServed(machine), '2')
  assert.equal(readlinkSync(join(machine.root, 'apps/shop/current')), 'deploys/shop-2')
  const traffic = second['traffic'] as {
    before: { sent: number }
    during: { failed: number }
    after: { failed: number }
  }
  assert.ok(traffic.before.sent > 0)
  assert.equal(traffic.during.failed + traffic.after.failed, 0)

  const back = await machine.json('rollback')
  assert.equal(back['outcome'], 'succeeded', JSON.stringify(back))
  assert.equal(back['label'], 'shop-1')
  assert.equal(await versionServed(machine), '1')
})

test('a release that was rolled back is rejected until somebody lifts it', async (t) => {
  const machine = await createMachine(t)
  const [one, two] = [await machine.pack({ version: '1' }), await machine.pack({ version: '2' })]
  await machine.sluice('deploy', one)
  await machine.sluice('deploy', two)
  await machine.sluice('rollback')
  const refused = await machine.sluice('deploy', two)
  assert.equal(refused.status, 4)
  assert.match(refused.stderr, /rejected by .*: rolled back/)
  assert.match(refused.stderr, /sluice lift shop@2/)
  assert.equal(
    (await machine.sluice('lift', 'shop@2', '--reason', 'it was the database')).status,
    0,
  )
  assert.equal((await machine.json('deploy', two))['outcome'], 'succeeded')
})

test('a worker that ends at once fails its deploy, with its status and output, though it has no check', async (t) => {
  const machine = await createMachine(t)
  const service = { command: 'echo no database is named; exit 3' }
  const manifest = { check: undefined, service }
  const archive = await machine.pack({ name: 'worker', version: '1', manifest })
  const failed = await machine.json('deploy', archive)
  const { code, step, message, output } = failed['error'] as Record<string, string>
  assert.deepEqual([failed['outcome'], code, step], ['undone', 'start-failed', 'prove'])
  assert.match(`${message}`, /: it (exited with 3|was started again)/)
  assert.match(`${output}`, /no database is named/)
  const left = await machine.sluice('status', '--json')
  assert.doesNotMatch(left.stdout, /"worker-1"/)
})

test('a worker that stays up without a check is live, and said to be not proved', async (t) => {
  const machine = await createMachine(t)
  const manifest = { check: undefined, service: { command: 'exec sleep 1000' } }
  const archive = await machine.pack({ name: 'worker', version: '1', manifest })
  const live = await machine.json('deploy', archive)
  assert.deepEqual([live['outcome'], live['proof']], ['succeeded', 'not proved'])
})

test('a release that is not healthy never gets traffic and leaves nothing running', async (t) => {
  const machine = await createMachine(t)
  await machine.sluice('deploy', await machine.pack({ version: '1' }))
  const check = {
    type: 'http',
    path: '/',
    interval: '10ms',
    timeout: '1s',
    successes: 2,
    within: '500ms',
  }
  const sick = await machine.json(
    'deploy',
    await machine.pack({ version: '2', app: { healthy: false }, manifest: { check } }),
  )
  assert.equal(sick['outcome'], 'undone', JSON.stringify(sick))
  assert.equal((sick['error'] as { code: string }).code, 'unhealthy')
  assert.equal(await versionServed(machine), '1')
  const status = await machine.json('status')
  const [app] = status['apps'] as { deploys: { label: string; state: string }[] }[]
  assert.deepEqual(
    app?.deploys.map(({ label, state }) => `${label} ${state}`),
    ['shop-1 running'],
  )
})

test('a release that fails in front of visitors is switched back by itself and rejected', async (t) => {
  const machine = await createMachine(t)
  await machine.sluice('deploy', await machine.pack({ version: '1' }))
  machine.configure({ bake: { for: '20s', interval: '20ms', failures: 3 } })
  const sickWhile = join(machine.folder, 'sick')
  const failing = await machine.pack({ version: '2', app: { sickWhile } })
  const child = machine.start('deploy', failing)
  const deployment = await stepBegun(machine, 'bake')
  writeFileSync(sickWhile, '')
  const [status] = (await once(child, 'exit')) as [number]
  assert.equal(status, 1)
  const detail = await machine.json('show', deployment)
  assert.equal(detail['outcome'], 'undone')
  assert.equal((detail['failure'] as { code: string }).code, 'bake-failed')
  assert.equal(await versionServed(machine), '1')
  assert.equal((await machine.sluice('deploy', failing)).status, 4)
})

test('templates get the configuration, the port and the label; a missing name stops the deploy with its place', async (t) => {
  const machine = await createMachine(t)
  writeFileSync(join(machine.folder, 'infra.json'), JSON.stringify({ database: 'db.example' }))
  machine.configure({ configSources: { infra: join(machine.folder, 'infra.json') } })
  const files = { 'app.ini.tpl': 'db={{infra.database}}\nport={{port}}\nlabel={{release.label}}\n' }
  const result = await machine.json(
    'deploy',
    await machine.pack({ version: '1', manifest: { templates: ['app.ini.tpl'] }, files }),
  )
  assert.equal(result['outcome'], 'succeeded', JSON.stringify(result))
  const rendered = readFileSync(join(machine.root, 'apps/shop/deploys/shop-1/app.ini'), 'utf8')
  assert.match(rendered, /^db=db\.example\nport=\d+\nlabel=shop-1\n$/)
  const wrong = { 'app.ini.tpl': 'db={{infra.database}}\nuser={{infra.user}}\n' }
  const failed = await machine.json(
    'deploy',
    await machine.pack({ version: '2', manifest: { templates: ['app.ini.tpl'] }, files: wrong }),
  )
  assert.match((failed['error'] as { message: string }).message, /app\.ini\.tpl:2.*infra\.user/)
  assert.equal(await versionServed(machine), '1')
})

test('start, connect, disconnect and stop work one by one', async (t) => {
  const machine = await createMachine(t)
  assert.equal(
    (await machine.json('start', await machine.pack({ version: '1' })))['outcome'],
    'succeeded',
  )
  assert.equal((await machine.json('connect', 'main', 'shop-1'))['outcome'], 'succeeded')
  assert.equal(await versionServed(machine), '1')
  const refused = await machine.sluice('stop', 'shop-1')
  assert.equal(refused.status, 4)
  assert.match(refused.stderr, /serves endpoint "main"/)
  assert.equal((await machine.json('disconnect', 'main'))['outcome'], 'succeeded')
  assert.equal(await versionServed(machine), 503)
  assert.equal((await machine.json('stop', 'shop-1'))['outcome'], 'succeeded')
})

test('a file changed by hand shows as drift, and the rollback does not trust it', async (t) => {
  const machine = await createMachine(t)
  await machine.sluice('deploy', await machine.pack({ version: '1' }))
  await machine.sluice('deploy', await machine.pack({ version: '2' }))
  writeFileSync(join(machine.root, 'apps/shop/deploys/shop-1/app.json'), '{"version":"tampered"}')
  const status = await machine.sluice('status')
  assert.match(status.stdout + status.stderr, /app\.json/)
  const back = await machine.json('rollback')
  assert.equal(back['outcome'], 'succeeded', JSON.stringify(back))
  assert.equal(back['label'], 'shop-1-2')
  assert.equal(await versionServed(machine), '1')
})

test('after the machine lost everything that ran, boot brings back what was bound', async (t) => {
  const machine = await createMachine(t)
  await machine.sluice('deploy', await machine.pack({ version: '1' }))
  machine.kill()
  await assert.rejects(machine.get('/'))
  const booted = await machine.json('boot')
  assert.deepEqual(booted['problems'], [])
  assert.equal(await versionServed(machine), '1')
})
