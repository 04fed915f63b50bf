import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { createCamus2Machine, proxyMode, type Camus2Machine } from '../support/camus2-machine.ts'
import { waitUntil } from '../support/wait-until.ts'

function proxyMachine(t: TestContext): Camus2Machine {
  const machine = createCamus2Machine(t)
  machine.configure(proxyMode())
  return machine
}

/** A command of a release that says it is there and waits until it may end, or the test is over. */
function waitingCommand(machine: Camus2Machine, name: string): string {
  const mayWait = `[ -d ${machine.root} ] && [ ! -e ${machine.root}/${name}-may-end ]`
  return `touch ${machine.root}/${name}-runs; while ${mayWait}; do sleep 0.02; done`
}

/** Runs c2 until a file appears and kills it then. */
async function killAt(machine: Camus2Machine, file: string, ...words: string[]): Promise<void> {
  const child = machine.begin(...words)
  await waitUntil(() => existsSync(join(machine.root, file)), file)
  child.kill('SIGKILL')
  await once(child, 'exit')
}

test('a c2 that is killed between two creates has recorded the first, and the next command works', async (t) => {
  const machine = proxyMachine(t)
  machine.release('a.zip')
  machine.release('b.zip', { startCommand: waitingCommand(machine, 'start') })
  machine.succeed('start', 'a.zip')
  await killAt(machine, 'start-runs', 'start', 'b.zip')
  writeFileSync(join(machine.root, 'start-may-end'), '')
  assert.deepEqual(Object.keys(machine.state().deploys), ['a'])
  machine.succeed('start', 'b.zip')
  assert.deepEqual(machine.state().deploys, {
    a: { label: 'a', release: 'a.zip', port: 8000 },
    b: { label: 'b', release: 'b.zip', port: 8001 },
  })
})

test('a c2 that is killed while it replaces a label has recorded that the old one is gone', async (t) => {
  const machine = proxyMachine(t)
  machine.release('a.zip')
  machine.succeed('start', 'a.zip')
  machine.release('a.zip', { prestartCommand: waitingCommand(machine, 'prestart') })
  await killAt(machine, 'prestart-runs', 'start', 'a.zip')
  writeFileSync(join(machine.root, 'prestart-may-end'), '')
  assert.deepEqual(machine.state().deploys, {})
  machine.succeed('start', 'a.zip')
  assert.equal(machine.state().deploys['a']?.port, 8000)
})

test('a c2 that is killed in a stop command stops again next time', async (t) => {
  const machine = proxyMachine(t)
  machine.release('a.zip', { stopCommand: waitingCommand(machine, 'stop') })
  machine.succeed('start', 'a.zip')
  await killAt(machine, 'stop-runs', 'stop', 'a')
  assert.deepEqual(Object.keys(machine.state().deploys), ['a'])
  writeFileSync(join(machine.root, 'stop-may-end'), '')
  machine.succeed('stop', 'a')
  assert.deepEqual(machine.state().deploys, {})
  assert.equal(existsSync(join(machine.deploys, 'a')), false)
})

test('after a c2 was killed in a connect the proxy is put back before a deploy is stopped', async (t) => {
  const machine = proxyMachine(t)
  machine.release('app.zip', { stopCommand: 'true' })
  for (const label of ['old', 'new']) machine.succeed('start', 'app.zip', label)
  machine.succeed('connect', 'main', 'old')
  const conf = join(machine.deploys, 'frontend-proxy/nginx.conf')
  const { ino } = statSync(conf)
  writeFileSync(join(machine.docker, 'hang-kill'), '')
  await killAt(machine, 'docker/hangs', 'connect', 'main', 'new')
  rmSync(join(machine.docker, 'hang-kill'))
  assert.deepEqual(machine.state().connections, { main: 'old' })
  assert.match(machine.read('deploys/frontend-proxy/nginx.conf'), /localhost:8001/)
  const output = machine.succeed('stop', 'new')
  assert.match(output, /Restoring the proxy after an interrupted command[^]*execute DestroyDeploy/)
  assert.match(machine.read('deploys/frontend-proxy/nginx.conf'), /localhost:8000/)
  assert.equal(statSync(conf).ino, ino)
  assert.doesNotMatch(machine.succeed('connect', 'test', 'old'), /Restoring/)
  assert.deepEqual(machine.state().connections, { main: 'old', test: 'old' })
})

test('what a killed c2 left half done is swept, and nothing of it looks like a deploy', async (t) => {
  const machine = proxyMachine(t)
  machine.release('a.zip', { prestartCommand: waitingCommand(machine, 'prestart') })
  await killAt(machine, 'prestart-runs', 'start', 'a.zip')
  writeFileSync(join(machine.root, 'prestart-may-end'), '')
  const half = join(machine.deploys, '.removed.1.1')
  writeFileSync(half, '')
  machine.succeed('start', 'a.zip')
  assert.deepEqual(readdirSync(machine.deploys).toSorted(), ['.sluice', 'a', 'frontend-proxy'])
  assert.equal(existsSync(join(machine.deploys, '.sluice/staging')), false)
})

test('a second c2 waits for the first and says for whom', async (t) => {
  const machine = proxyMachine(t)
  machine.release('a.zip', { startCommand: waitingCommand(machine, 'start') })
  machine.release('b.zip')
  const first = machine.begin('start', 'a.zip')
  await waitUntil(() => existsSync(join(machine.root, 'start-runs')))
  const second = machine.begin('start', 'b.zip')
  await waitUntil(() => machine.read('camus2.log').includes('Waiting: '))
  assert.match(
    machine.read('camus2.log'),
    /Waiting: locked by \S+ \(process \d+\) since \S+ for: c2 start a\.zip a\n/,
  )
  writeFileSync(join(machine.root, 'start-may-end'), '')
  const ends = await Promise.all([once(first, 'exit'), once(second, 'exit')])
  assert.deepEqual(
    ends.map(([status]) => status as number),
    [0, 0],
  )
  assert.deepEqual(Object.keys(machine.state().deploys), ['a', 'b'])
})

test('a command of a release that calls c2 is refused instead of waiting for itself', (t) => {
  const machine = proxyMachine(t)
  machine.release('a.zip', { startCommand: `${machine.program} disconnect main` })
  const { status, stdout } = machine.c2('start', 'a.zip')
  assert.equal(status, 1)
  assert.match(stdout, /Exception: c2 was called by a command that c2 runs: locked by/)
})

test('a killed c2 without a proxy leaves current at one release or the other', async (t) => {
  const machine = createCamus2Machine(t)
  machine.release('a.zip')
  machine.release('b.zip', { startCommand: waitingCommand(machine, 'start') })
  machine.succeed('start', 'a.zip')
  await killAt(machine, 'start-runs', 'start', 'b.zip')
  writeFileSync(join(machine.root, 'start-may-end'), '')
  assert.equal(existsSync(join(machine.deploys, 'current/b.zip')), true)
  machine.succeed('start', 'a.zip')
  assert.equal(existsSync(join(machine.deploys, 'current/a.zip')), true)
})

test('every command leaves a journal of its steps and its outcome', (t) => {
  const machine = proxyMachine(t)
  machine.release('a.zip')
  machine.succeed('start', 'a.zip')
  machine.c2('stop', 'none')
  machine.succeed('stop', 'a')
  const folder = join(machine.deploys, '.sluice/journal')
  const journals = readdirSync(folder)
    .toSorted()
    .map((name) => machine.read(`deploys/.sluice/journal/${name}`))
  assert.equal(journals.length, 2)
  assert.match(journals[0] ?? '', /"step-finished".*"create-deploy a"[^]*"succeeded"/)
  assert.match(journals[1] ?? '', /"step-finished".*"destroy-deploy a"[^]*"succeeded"/)
})
