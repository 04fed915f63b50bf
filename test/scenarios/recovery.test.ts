import assert from 'node:assert/strict'
import { once } from 'node:events'
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import { createMachine, type Machine } from '../support/machine.ts'
import { stepBegun } from '../support/step-begun.ts'
import { waitUntil } from '../support/wait-until.ts'

const longBake = { bake: { for: '20s', interval: '20ms', failures: 3 } }

async function versionServed(machine: Machine): Promise<unknown> {
  const { status, body } = await machine.get('/')
  return status === 200 ? (JSON.parse(body) as { version: string }).version : status
}

async function outcomeOf(machine: Machine, deployment: string): Promise<unknown> {
  return (await machine.json('show', deployment))['outcome']
}

test('a switch that nobody confirms is taken back by the host itself', async (t) => {
  const machine = await createMachine(t)
  await machine.sluice('deploy', await machine.pack({ version: '1' }))
  machine.configure({ bake: { for: '1s', interval: '20ms', failures: 3 }, confirmWithin: '500ms' })
  const child = machine.start('deploy', await machine.pack({ version: '2' }))
  const deployment = await stepBegun(machine, 'bake')
  assert.equal(await versionServed(machine), '2')
  child.kill('SIGKILL')
  await waitUntil(async () => (await versionServed(machine)) === '1')
  await waitUntil(async () => (await outcomeOf(machine, deployment)) === 'undone')
})

test('a run that hangs behind its switch is killed by the revert, and the host goes back', async (t) => {
  const machine = await createMachine(t)
  await machine.sluice('deploy', await machine.pack({ version: '1' }))
  machine.configure({ bake: { for: '1s', interval: '20ms', failures: 3 }, confirmWithin: '500ms' })
  const child = machine.start('deploy', await machine.pack({ version: '2' }))
  const deployment = await stepBegun(machine, 'bake')
  child.kill('SIGSTOP')
  await waitUntil(async () => (await outcomeOf(machine, deployment)) === 'undone')
  assert.equal(await versionServed(machine), '1')
  assert.equal(child.signalCode, 'SIGKILL')
})

test('a killed deploy is settled by the next command, and the lock is nobody’s problem', async (t) => {
  const machine = await createMachine(t)
  await machine.sluice('deploy', await machine.pack({ version: '1' }))
  machine.configure(longBake)
  const child = machine.start('deploy', await machine.pack({ version: '2' }))
  const killed = await stepBegun(machine, 'bake')
  child.kill('SIGKILL')
  await once(child, 'exit')
  machine.configure({})
  const third = await machine.json('deploy', await machine.pack({ version: '3' }))
  assert.equal(third['outcome'], 'succeeded', JSON.stringify(third))
  assert.equal(await outcomeOf(machine, killed), 'undone')
  assert.equal(await versionServed(machine), '3')
})

test('resume takes a killed deploy to its end', async (t) => {
  const machine = await createMachine(t)
  await machine.sluice('deploy', await machine.pack({ version: '1' }))
  machine.configure(longBake)
  const child = machine.start('deploy', await machine.pack({ version: '2' }))
  const killed = await stepBegun(machine, 'bake')
  child.kill('SIGKILL')
  await once(child, 'exit')
  machine.configure({})
  const resumed = await machine.json('resume')
  assert.equal(resumed['deployment'], killed)
  assert.equal(resumed['outcome'], 'succeeded', JSON.stringify(resumed))
  assert.equal(await versionServed(machine), '2')
})

test('a rollback that is typed again after a crash finishes the one way back and goes no further', async (t) => {
  const machine = await createMachine(t)
  const gate = join(machine.folder, 'gate')
  const command = `while [ ! -e '${gate}' ]; do sleep 0.02; done`
  writeFileSync(gate, '')
  for (const version of ['1', '2', '3']) {
    const manifest = { hooks: { afterSwitch: { command } } }
    await machine.json('deploy', await machine.pack({ version, manifest }))
  }
  rmSync(gate)
  const child = machine.start('rollback')
  const killed = await stepBegun(machine, 'after-switch')
  child.kill('SIGKILL')
  await once(child, 'exit')
  writeFileSync(gate, '')
  const again = await machine.json('rollback')
  assert.deepEqual([again['deployment'], again['outcome']], [killed, 'succeeded'])
  assert.equal(await versionServed(machine), '2')
})

test('a migration goes on when sluice is killed; resume waits for it, reports it, and it ran once', async (t) => {
  const machine = await createMachine(t)
  const count = join(machine.folder, 'migrations')
  const gate = join(machine.folder, 'gate')
  writeFileSync(count, '')
  const command = `echo run >> '${count}'; while [ ! -e '${gate}' ]; do sleep 0.02; done; echo migrated`
  const manifest = { migrate: { command } }
  const child = machine.start('deploy', await machine.pack({ version: '1', manifest }))
  await waitUntil(() => readFileSync(count, 'utf8') === 'run\n')
  child.kill('SIGKILL')
  await once(child, 'exit')
  const resuming = machine.json('resume')
  appendFileSync(gate, '')
  assert.equal((await resuming)['outcome'], 'succeeded')
  assert.equal(readFileSync(count, 'utf8'), 'run\n')
  assert.equal(await versionServed(machine), '1')
})

test('a migration that fails stops the deploy before traffic, with its output', async (t) => {
  const machine = await createMachine(t)
  await machine.sluice('deploy', await machine.pack({ version: '1' }))
  const manifest = { migrate: { command: 'echo the table is locked; exit 7' } }
  const failed = await machine.sluice('deploy', await machine.pack({ version: '2', manifest }))
  assert.equal(failed.status, 1)
  assert.match(failed.stdout + failed.stderr, /the migrate command \(.*\) exited with 7/)
  assert.match(failed.stdout + failed.stderr, /the table is locked/)
  assert.equal(await versionServed(machine), '1')
})

test('the second operator is told who works on the app, and for what', async (t) => {
  const machine = await createMachine(t)
  await machine.sluice('deploy', await machine.pack({ version: '1' }))
  machine.configure(longBake)
  const child = machine.start('deploy', await machine.pack({ version: '2' }))
  await stepBegun(machine, 'bake')
  const refused = await machine.sluice('stop', 'shop-1')
  assert.equal(refused.status, 5)
  assert.match(
    refused.stderr,
    new RegExp(`locked by .* \\(process ${child.pid}\\) .* deploy shop 2`),
  )
  child.kill('SIGINT')
  await once(child, 'exit')
})

test('Ctrl-C takes the deploy back, says so, and exits with 3', async (t) => {
  const machine = await createMachine(t)
  await machine.sluice('deploy', await machine.pack({ version: '1' }))
  machine.configure(longBake)
  const child = machine.start('deploy', await machine.pack({ version: '2' }))
  const deployment = await stepBegun(machine, 'bake')
  child.kill('SIGINT')
  const [status] = (await once(child, 'exit')) as [number]
  assert.equal(status, 3)
  assert.equal(await outcomeOf(machine, deployment), 'undone')
  assert.equal(await versionServed(machine), '1')
})

test('after a loss of power in the middle of a deploy, boot settles it and the old release serves', async (t) => {
  const machine = await createMachine(t)
  await machine.sluice('deploy', await machine.pack({ version: '1' }))
  machine.configure(longBake)
  machine.start('deploy', await machine.pack({ version: '2' }))
  const deployment = await stepBegun(machine, 'bake')
  machine.kill()
  machine.configure({})
  const booted = await machine.json('boot')
  assert.deepEqual(booted['problems'], [])
  assert.equal(await outcomeOf(machine, deployment), 'undone')
  assert.equal(await versionServed(machine), '1')
})
