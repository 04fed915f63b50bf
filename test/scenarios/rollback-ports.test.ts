import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import test, { type TestContext } from 'node:test'

import { afterwards } from '../support/afterwards.ts'
import { createMachine, type Machine } from '../support/machine.ts'

interface Deploy {
  readonly label: string
  readonly state: string
  readonly port: number
}

async function deploysOf(machine: Machine): Promise<readonly Deploy[]> {
  const status = await machine.json('status')
  const [app] = status['apps'] as { deploys: Deploy[] }[]
  return app?.deploys ?? []
}

async function machineWithTwo(t: TestContext): Promise<Machine> {
  const machine = await createMachine(t)
  for (const version of ['1', '2']) {
    const result = await machine.json('deploy', await machine.pack({ version }))
    assert.equal(result['outcome'], 'succeeded', JSON.stringify(result))
  }
  return machine
}

test('a rollback to a deploy that still runs keeps its process and its port', async (t) => {
  const machine = await machineWithTwo(t)
  await machine.json('start', await machine.pack({ version: '3' }))
  await machine.json('connect', 'main', 'shop-3')
  const before = (await deploysOf(machine)).find(({ label }) => label === 'shop-2')
  assert.equal(before?.state, 'running')
  const pid = (JSON.parse((await machine.get('/')).body) as { pid: number }).pid
  const back = await machine.json('rollback')
  assert.equal(back['outcome'], 'succeeded', JSON.stringify(back))
  assert.equal(back['label'], 'shop-2')
  const served = JSON.parse((await machine.get('/')).body) as { version: string; pid: number }
  assert.equal(served.version, '2')
  assert.notEqual(served.pid, pid)
  const after = (await deploysOf(machine)).find(({ label }) => label === 'shop-2')
  assert.deepEqual(after, { ...after, port: before.port, state: 'running' })
})

test('a rollback whose port somebody else has taken meanwhile starts on another one', async (t) => {
  const machine = await machineWithTwo(t)
  const port = (await deploysOf(machine)).find(({ label }) => label === 'shop-1')?.port
  const squatter = createServer()
  afterwards(t, () => squatter.close())
  await once(squatter.listen(port, '127.0.0.1'), 'listening')
  const back = await machine.json('rollback')
  assert.equal(back['outcome'], 'succeeded', JSON.stringify(back))
  assert.equal(back['label'], 'shop-1-2')
  const served = JSON.parse((await machine.get('/')).body) as { version: string }
  assert.equal(served.version, '1')
})
