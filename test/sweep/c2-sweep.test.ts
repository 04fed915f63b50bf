import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { createCamus2Machine, proxyMode, type Camus2Machine } from '../support/camus2-machine.ts'
import { byTier, toolOrSkip } from '../support/tools.ts'

// The built c2 is killed at its n-th mutating system call of each kind, and the next command has to work.

const kinds = ['rename', 'unlink', 'rmdir', 'mkdir', 'symlink', 'fsync', 'ftruncate', 'pwrite64']

/** Every how many-th call is tried. */
const stride = byTier({ fast: 4, ci: 1, full: 1 })

/** Mutating calls that every one of these commands makes, whoever runs it. */
const fewestCalls = 12

/** Kills c2 at call after call; `examine` gets the place and looks at the machine and brings it back. */
async function sweep(
  t: TestContext,
  machine: Camus2Machine,
  words: readonly string[],
  examine: (place: string) => void,
): Promise<void> {
  const strace = await toolOrSkip(t, 'strace')
  if (strace === undefined) return
  let kills = 0
  for (const kind of kinds) {
    for (
      let nth = 1;
      killAt(strace, machine, words, `${kind}:signal=KILL:when=${nth}`);
      nth += stride
    ) {
      kills += 1
      examine(`${kind} ${nth}`)
    }
    // The last attempt of each kind ran to its end.
    examine(`after ${kind}`)
  }
  t.diagnostic(`${kills} kills`)
  assert.ok(kills >= fewestCalls / stride, `${kills} kills only`)
}

/** Whether c2 came as far as this call, and was killed there. */
function killAt(
  strace: string,
  machine: Camus2Machine,
  words: readonly string[],
  injection: string,
): boolean {
  const kind = injection.slice(0, injection.indexOf(':'))
  const options = ['-qq', '-o', '/dev/null', '-e', `trace=${kind}`, '-e', `inject=${injection}`]
  const result = spawnSync(strace, [...options, machine.program, ...words], {
    cwd: join(machine.root, 'bin'),
    env: machine.env,
    encoding: 'utf8',
  })
  if (result.signal === 'SIGKILL') return true
  assert.equal(result.status, 0, result.stdout + result.stderr)
  return false
}

function machineWithTwo(t: TestContext): Camus2Machine {
  const machine = createCamus2Machine(t)
  machine.configure(proxyMode())
  machine.release('app.zip', { templates: ['x.tpl'] }, { 'x.tpl': '{{ports.http}}', 'a/b': 'c' })
  for (const label of ['new', 'old']) machine.succeed('start', 'app.zip', label)
  machine.succeed('connect', 'main', 'old')
  return machine
}

function assertNoLeftovers(machine: Camus2Machine, place: string): void {
  const folders = ['', '.sluice', 'frontend-proxy'].map((name) => join(machine.deploys, name))
  const names = folders.flatMap((folder) => readdirSync(folder))
  const leftovers = names.filter((name) => /^\.removed|\.tmp$|\.next$|^staging$|unsure$/.test(name))
  assert.deepEqual(leftovers, [], place)
}

test('a connect that is killed anywhere can be repeated, and nginx.conf keeps its inode', async (t) => {
  const machine = machineWithTwo(t)
  const conf = join(machine.deploys, 'frontend-proxy/nginx.conf')
  const { ino } = statSync(conf)
  await sweep(t, machine, ['connect', 'main', 'new'], (place) => {
    assert.match(machine.state().connections['main'] ?? '', /^(old|new)$/, place)
    machine.succeed('status')
    machine.succeed('connect', 'main', 'new')
    assert.deepEqual(machine.state().connections, { main: 'new' }, place)
    assert.match(machine.read('deploys/frontend-proxy/nginx.conf'), /localhost:8000;/, place)
    assert.equal(statSync(conf).ino, ino, place)
    assertNoLeftovers(machine, place)
    machine.succeed('connect', 'main', 'old')
  })
})

test('after a connect that is killed anywhere no deploy is stopped that the proxy serves', async (t) => {
  const machine = machineWithTwo(t)
  await sweep(t, machine, ['connect', 'main', 'new'], (place) => {
    const serving = machine.state().connections['main'] ?? ''
    const idle = serving === 'old' ? 'new' : 'old'
    machine.succeed('stop', idle)
    const port = machine.state().deploys[serving]?.port
    const conf = machine.read('deploys/frontend-proxy/nginx.conf')
    assert.match(conf, new RegExp(`localhost:${port};`), place)
    machine.succeed('start', 'app.zip', idle)
    machine.succeed('connect', 'main', 'old')
  })
})

test('a start that is killed anywhere can be repeated', async (t) => {
  const machine = machineWithTwo(t)
  await sweep(t, machine, ['start', 'app.zip', 'third'], (place) => {
    const { deploys } = machine.state()
    assert.deepEqual(Object.keys(deploys).slice(0, 2), ['new', 'old'], place)
    machine.succeed('start', 'app.zip', 'third')
    const port = machine.state().deploys['third']?.port
    assert.equal(machine.read('deploys/third/x'), String(port), place)
    assert.equal(machine.read('deploys/third/a/b'), 'c', place)
    assertNoLeftovers(machine, place)
    machine.succeed('stop', 'third')
  })
})

test('a stop that is killed anywhere can be repeated or is done', async (t) => {
  const machine = machineWithTwo(t)
  await sweep(t, machine, ['stop', 'new'], (place) => {
    if (machine.state().deploys['new'] !== undefined) machine.succeed('stop', 'new')
    assert.deepEqual(Object.keys(machine.state().deploys), ['old'], place)
    machine.succeed('start', 'app.zip', 'new')
    assertNoLeftovers(machine, place)
  })
})
