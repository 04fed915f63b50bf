import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { startHotLoad } from '../support/hot-load.ts'
import { createMachine, type Machine } from '../support/machine.ts'
import { startNginx } from '../support/private-nginx.ts'
import { toolOrSkip } from '../support/tools.ts'

/** A machine with an nginx of its own that also serves somebody else's site. */
async function machineWithNginx(
  t: TestContext,
  mode: 'socket' | 'reload',
): Promise<Machine | undefined> {
  const program = await toolOrSkip(t, 'nginx')
  if (program === undefined) return undefined
  const machine = await createMachine(t)
  const nginx = await startNginx(t, join(machine.folder, 'nginx'), { program, port: machine.port })
  machine.configure({
    proxy: {
      driver: 'nginx',
      mode,
      http: { address: '127.0.0.1', port: machine.port },
      nginx: { ...nginx, user: 'root' },
    },
    endpoints: { main: { app: 'shop', serverNames: ['shop.test'] } },
  })
  return machine
}

async function versionServed(machine: Machine): Promise<unknown> {
  const { status, body } = await machine.get('/', 'shop.test')
  return status === 200 ? (JSON.parse(body) as { version: string }).version : status
}

for (const mode of ['socket', 'reload'] as const) {
  test(`behind nginx in mode ${mode} a release goes live, is replaced and rolled back, beside another site`, async (t) => {
    const machine = await machineWithNginx(t, mode)
    if (machine === undefined) return
    for (const version of ['1', '2']) {
      const result = await machine.json('deploy', await machine.pack({ version }))
      assert.equal(result['outcome'], 'succeeded', JSON.stringify(result))
      assert.equal(await versionServed(machine), version)
    }
    assert.equal((await machine.json('rollback'))['outcome'], 'succeeded')
    assert.equal(await versionServed(machine), '1')
    assert.equal((await machine.get('/', 'other.test')).body, 'the other site')
    assert.equal((await machine.json('disconnect', 'main'))['outcome'], 'succeeded')
    assert.equal(await versionServed(machine), 503)
  })
}

test('in mode socket, deploys under hot keep-alive clients lose nothing, and nginx is not reloaded for them', async (t) => {
  const machine = await machineWithNginx(t, 'socket')
  if (machine === undefined) return
  const [one, two] = [await machine.pack({ version: '1' }), await machine.pack({ version: '2' })]
  assert.equal((await machine.json('deploy', one))['outcome'], 'succeeded')
  const configs = join(machine.folder, 'nginx', 'conf.d')
  const texts = (): string[] =>
    readdirSync(configs).map((name) => readFileSync(join(configs, name), 'utf8'))
  const before = texts()
  const load = await startHotLoad(machine.port, 8)
  for (const archive of [two, one, two]) {
    const result = await machine.json('deploy', archive)
    assert.equal(result['outcome'], 'succeeded', JSON.stringify(result))
  }
  const { sent, failures } = await load.stop()
  assert.ok(sent > 500, `only ${sent} requests were sent`)
  assert.deepEqual(failures, [])
  assert.deepEqual(texts(), before)
})

test('in mode socket, a release that listens on a port only is refused before anything starts', async (t) => {
  const machine = await machineWithNginx(t, 'socket')
  if (machine === undefined) return
  const refused = await machine.sluice(
    'deploy',
    await machine.pack({ version: '1', manifest: { listen: 'port' } }),
  )
  assert.equal(refused.status, 4)
  assert.match(refused.stderr, /mode/)
  assert.match(refused.stderr, /proxy/)
})
