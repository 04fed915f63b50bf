import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { run, type RunResult } from '../../src/system/index.ts'
import { createCamus2Machine, proxyMode, type Camus2Machine } from '../support/camus2-machine.ts'
import { createMachine } from '../support/machine.ts'
import { builtProgram } from '../support/tools.ts'

/** Commands of sluice that print and change nothing. */
const printing = [
  '--version',
  '--help',
  'deploy --help',
  'version --json',
  'schema release.json',
  'completion bash',
  '--completion fish sluice de',
  'status',
  'status --json',
  'status --json-events',
  'endpoints --no-probe',
  'history',
  'releases',
  'doctor',
  'prune --dry-run',
]

const printingOfCamus2 = [
  '--version',
  'version',
  'help',
  'start --help',
  '--bash-completion-script /opt/bin/c2',
  'show-default-nginx-config',
  'list-releases',
  'status',
  'status --json-output',
  'show-log',
]

test('no command of sluice succeeds when its output cannot be written', async (t) => {
  const machine = await createMachine(t)
  mkdirSync(join(machine.folder, 'store'))
  await machine.sluice('publish', await machine.pack({ version: '1' }))
  const sluice = { program: builtProgram('sluice'), env: machine.environment }
  for (const line of printing) await tryBoth(t, sluice, { line, status: 74 })
  await t.test('a status that says more stays', async () => {
    const words = ['deploy', 'nosuch', '--json']
    const { stderr } = await lead(sluice, words, '> /dev/full')
    assert.match(stderr, unwritten)
    assert.match(stderr, /status 4\n$/)
  })
})

test('no command of c2 succeeds when its output cannot be written', async (t) => {
  const machine = camus2WithLog(t)
  machine.release('a.zip')
  for (const line of printingOfCamus2) await tryBoth(t, machine, { line, status: 1 })
})

test('all output reaches a reader who is slow to begin', async (t) => {
  const { stdout } = await lead(camus2WithLog(t), ['show-log'], '| { sleep 0.5; wc -c; }')
  assert.equal(Number(stdout), logLine.length * logLines)
})

const logLine = 'one line of a log\n'
const logLines = 100_000

function camus2WithLog(t: TestContext): Camus2Machine {
  const machine = createCamus2Machine(t)
  machine.configure(proxyMode())
  writeFileSync(join(machine.root, 'camus2.log'), logLine.repeat(logLines))
  return machine
}

interface Program {
  readonly program: string
  readonly env: Readonly<Record<string, string>>
}

/** A full disk makes a command fail; a reader who has gone away does not. */
async function tryBoth(
  t: TestContext,
  program: Program,
  { line, status }: { line: string; status: number },
): Promise<void> {
  const words = line.split(' ')
  await t.test(`\`${line}\` on a full disk`, async () => {
    const { stderr } = await lead(program, words, '> /dev/full')
    assert.match(stderr, unwritten)
    assert.ok(stderr.endsWith(`status ${status}\n`), stderr)
  })
  await t.test(`\`${line}\` without a reader`, async () => {
    assert.equal((await lead(program, words, '| true')).stderr, 'status 0\n')
  })
}

const unwritten = /standard output could not be written: ENOSPC/

/** Runs a program whose output goes where a shell writes `into`; its status stands at the end of standard error. */
async function lead(
  { program, env }: Program,
  words: readonly string[],
  into: string,
): Promise<RunResult> {
  const script = `{ "$0" "$@"; echo "status $?" >&2; } ${into}`
  return await run(['/bin/sh', '-c', script, program, ...words], { env, timeout: 60_000 })
}
