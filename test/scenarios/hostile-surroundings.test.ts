import assert from 'node:assert/strict'
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import { createMachine, type Machine } from '../support/machine.ts'
import { waitUntil } from '../support/wait-until.ts'

async function versionServed(machine: Machine): Promise<unknown> {
  const { status, body } = await machine.get('/').catch(() => ({ status: 0, body: '' }))
  return status === 200 ? (JSON.parse(body) as { version: string }).version : status
}

test('when somebody clears the run directory the proxy is found again, and boot adopts what runs', async (t) => {
  const machine = await createMachine(t)
  await machine.sluice('deploy', await machine.pack({ version: '1' }))
  const run = join(machine.folder, 'run')
  rmSync(run, { recursive: true })
  const before = await machine.get('/')
  assert.equal(before.status, 200)
  await waitUntil(() => existsSync(join(run, 'proxy.sock')), 'the proxy to open its socket again')
  const { problems } = await machine.json('boot')
  assert.deepEqual(problems, [])
  // The same process: its answer names its pid.
  assert.deepEqual(await machine.get('/'), before)
  const deployed = await machine.json('deploy', await machine.pack({ version: '2' }))
  assert.equal(deployed['outcome'], 'succeeded', JSON.stringify(deployed))
  assert.equal(await versionServed(machine), '2')
})

test('many operators at once: each ends with a word of its own, and the host is whole', async (t) => {
  const machine = await createMachine(t, { settings: { endpoints: { main: {} } } })
  const archives: string[] = []
  for (const name of ['shop', 'cart'])
    for (const version of ['1', '2']) archives.push(await machine.pack({ name, version }))
  const [shop1 = '', shop2 = '', cart1 = '', cart2 = ''] = archives
  await machine.sluice('deploy', shop1, '-e', 'main')
  await machine.sluice('start', cart1)
  const wishes = [
    ['deploy', shop2, '--wait', '60'],
    ['deploy', cart2, '-e', 'main', '--wait', '60'],
    ['connect', 'main', 'cart-1', '--wait', '60'],
    ['deploy', shop2],
    ['boot'],
    ['boot'],
    ['prune'],
    ['status'],
  ]
  const ends = await Promise.all(wishes.map((words) => machine.sluice(...words)))
  for (const [index, { status, stdout, stderr }] of ends.entries()) {
    assert.ok(
      [0, 4, 5, 6].includes(status ?? 70),
      `${wishes[index]?.join(' ')}: ${stdout}${stderr}`,
    )
  }
  assert.equal(ends[0]?.status, 0)
  assert.equal(ends[1]?.status, 4, 'the endpoint is the other app’s')
  assert.equal(await versionServed(machine), '2')
  const { apps } = (await machine.json('status')) as {
    apps: { unfinished?: string; deploys: { current: boolean; state: string }[] }[]
  }
  for (const { unfinished, deploys } of apps) {
    assert.equal(unfinished, undefined)
    assert.ok(deploys.filter(({ current }) => current).every(({ state }) => state === 'running'))
  }
})
