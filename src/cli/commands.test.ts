import assert from 'node:assert/strict'
import test from 'node:test'

import { createFakeHost, type FakeHostOptions } from '../../test/support/fake-host.ts'
import { recordedIo } from '../../test/support/program-io.ts'
import { AppError } from '../errors/index.ts'
import { runProgram } from '../terminal/index.ts'
import { commands } from './commands/all.ts'
import { sluiceProgram } from './sluice-program.ts'

async function sluice(argv: readonly string[], options: FakeHostOptions = {}) {
  const host = createFakeHost(options)
  const recorded = recordedIo({ environment: { USER: 'ada' } })
  const status = await runProgram(sluiceProgram(host.door, '/srv/app'), argv, recorded.io)
  return { ...host, status, stdout: recorded.stdout(), stderr: recorded.stderr() }
}

const id = '20261120-124348-k3f9'

/** Command line → deed and what it is asked. */
const asked: [line: string, deed: string, request: unknown][] = [
  ['deploy shop@1.4.2', 'deployRelease', { release: 'shop@1.4.2' }],
  [
    'deploy shop@1.4.2 --label new -e main -e api --role web',
    'deployRelease',
    { release: 'shop@1.4.2', label: 'new', endpoints: ['main', 'api'], role: 'web' },
  ],
  ['deploy a.zip --dry-run', 'planDeploy', { release: 'a.zip' }],
  ['start a.zip --label try', 'startRelease', { release: 'a.zip', label: 'try' }],
  ['stop shop/old', 'stopDeploy', { deploy: 'shop/old' }],
  ['connect main old', 'connectEndpoint', { endpoint: 'main', deploy: 'old' }],
  ['disconnect main', 'disconnectEndpoint', { endpoint: 'main' }],
  ['rollback', 'rollBack', {}],
  [`rollback shop --to ${id} --reason slow`, 'rollBack', { app: 'shop', to: id, reason: 'slow' }],
  ['rollback -n', 'planRollBack', {}],
  ['resume', 'resumeDeployment', {}],
  [`resume ${id}`, 'resumeDeployment', { deployment: id }],
  ['status', 'readHostStatus', { probe: true, drift: true }],
  [
    'status shop --no-probe --no-drift',
    'readHostStatus',
    { app: 'shop', probe: false, drift: false },
  ],
  ['endpoints', 'readHostStatus', { probe: true, drift: false }],
  ['history', 'listHistory', { limit: 20 }],
  ['history shop -l 1', 'listHistory', { app: 'shop', limit: 1 }],
  [`show ${id}`, 'showDeployment', id],
  ['pin old', 'pinRelease', { deploy: 'old', pinned: true }],
  ['unpin old', 'pinRelease', { deploy: 'old', pinned: false }],
  ['prune --dry-run', 'pruneHost', { dryRun: true }],
  ['prune shop', 'pruneHost', { app: 'shop', dryRun: false }],
  ['lift shop@1.4.2 --reason fixed', 'liftQuarantine', { release: 'shop@1.4.2', reason: 'fixed' }],
  ['boot', 'bootHost', undefined],
  ['doctor', 'diagnoseHost', undefined],
  [
    `host revert --app shop --deployment ${id}`,
    'revertDeployment',
    { app: 'shop', deployment: id },
  ],
]

for (const [line, deed, request] of asked) {
  test(`\`sluice ${line}\` asks the host to ${deed}, and answers as text and as JSON`, async () => {
    const text = await sluice(line.split(' '))
    assert.deepEqual(text.calls, [{ deed, request }])
    assert.equal(text.status, 0)
    assert.notEqual(text.stdout, '')
    const json = await sluice([...line.split(' '), '--json'])
    assert.equal(json.stdout.trimEnd().split('\n').length, 1)
    JSON.parse(json.stdout)
    assert.equal(json.stderr, '')
  })
}

test('progress goes to standard error, the result to standard output', async () => {
  const { stdout, stderr } = await sluice(['deploy', 'shop@1.4.2'])
  assert.match(stderr, /^deploy shop 1\.4\.2 .*\npreflight: started\n/)
  assert.match(stdout, /^✓ deploy of shop 1\.4\.2 succeeded/)
  assert.doesNotMatch(stdout, /preflight/)
})

test('--json-events prints every event, then the result', async () => {
  const { stdout } = await sluice(['deploy', 'shop@1.4.2', '--json-events'])
  const types = stdout
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { type: string }).type)
  assert.equal(types[0], 'deployment-started')
  assert.deepEqual(types.slice(-2), ['deployment-finished', 'result'])
})

test('the host is opened for the person who asks, with the configuration and the patience given', async () => {
  const { opened } = await sluice(['--config', 'x.yaml', '--wait', '1.5', 'boot'])
  assert.equal(opened[0]?.operator, 'ada')
  assert.equal(opened[0]?.wait, 1500)
  assert.deepEqual(opened[0]?.place, {
    config: 'x.yaml',
    cwd: '/srv/app',
    environment: { USER: 'ada' },
  })
})

const outcomes: [result: FakeHostOptions['result'], status: number][] = [
  [{ outcome: 'undone', error: { code: 'unhealthy', message: 'answered 500' } }, 1],
  [{ outcome: 'undone', error: { code: 'aborted', message: 'stopped by SIGINT' } }, 3],
  [{ outcome: 'undone', error: { code: 'template-invalid', message: 'no name' } }, 4],
  [{ outcome: 'partial', error: { code: 'unhealthy', message: 'answered 500' } }, 6],
  [{ outcome: 'undone', error: { code: 'of-a-later-version', message: 'x' } }, 1],
]

for (const [result, status] of outcomes) {
  test(`a deployment that ended ${result?.outcome} with ${result?.error?.code} exits with ${status}`, async () => {
    const ended = await sluice(['deploy', 'x'], { result: result ?? {} })
    assert.equal(ended.status, status)
    assert.match(ended.stdout, /(failed|was stopped).*\n(.*\n)*.*look at +sluice show /)
  })
}

test('a failed deployment names step, cause, output, what serves and what to type next', async () => {
  const { stdout } = await sluice(['deploy', 'x'], {
    result: {
      outcome: 'undone',
      error: {
        code: 'unhealthy',
        step: 'prove',
        message: 'GET /health answered 500',
        output: 'no database',
        hint: 'sluice logs shop-1.4.2',
      },
    },
  })
  assert.deepEqual(stdout.split('\n').slice(0, 3), [
    '✗ deploy of shop 1.4.2 failed in step prove and was undone: GET /health answered 500 (3.2 s)',
    '  │ no database',
    '  next: sluice logs shop-1.4.2',
  ])
  assert.match(stdout, /serving +shop-1\.4\.1 \(shop 1\.4\.1\) on main\n/)
})

test('a locked app and a quarantined release exit with their own statuses', async () => {
  assert.equal((await refusedDeploy(new AppError('locked', 'bob works on shop'))).status, 5)
  assert.equal((await refusedDeploy(new AppError('quarantined', 'shop 1.4.2'))).status, 4)
})

test('problems after a reboot exit with partial, a bad check of doctor with failed', async () => {
  const booted = { started: [], problems: ['shop: port taken'] }
  const boot = await sluice(['boot'], { deeds: { bootHost: () => Promise.resolve(booted) } })
  assert.equal(boot.status, 6)
  const found = { checks: [{ name: 'disk', state: 'bad', detail: 'full' } as const] }
  const doctor = await sluice(['doctor'], { deeds: { diagnoseHost: () => Promise.resolve(found) } })
  assert.equal(doctor.status, 1)
})

test('wrong numbers are usage errors that show the number', async () => {
  for (const line of ['history -l some', '--wait -3 boot', 'logs x -n 1.5']) {
    const { status, stderr } = await sluice(line.split(' '))
    assert.equal(status, 2, line)
    assert.match(stderr, /"(some|-3|1\.5)" is not a/)
  }
})

test('init writes where it is told, relative to where it was called', async () => {
  const { stdout } = await sluice(['init', 'data', '--config', 'etc/s.yaml', '--json'])
  assert.deepEqual(JSON.parse(stdout), {
    config: '/srv/app/etc/s.yaml',
    created: ['/srv/app/etc/s.yaml', '/srv/app/data'],
  })
})

test('every command has a summary that fits a line, and every visible one an example that parses', async () => {
  for (const command of commands) {
    assert.match(command.summary, /^[a-z].{5,90}[^.]$/, command.name)
    if (command.hidden === true) continue
    assert.notEqual(command.examples.length, 0, command.name)
    for (const { line } of command.examples) {
      const words = line.replace(/ [|>].*$/, '').match(/"[^"]*"|\S+/g) ?? []
      assert.ok(line.startsWith(command.name), line)
      assert.notEqual((await sluice(words.map(unquote).concat('--help'))).status, 2, line)
    }
  }
})

async function refusedDeploy(reason: AppError) {
  const deeds = {
    async deployRelease(): Promise<never> {
      await Promise.resolve()
      throw reason
    },
  }
  return await sluice(['deploy', 'x'], { deeds })
}

function unquote(word: string): string {
  return word.replaceAll('"', '')
}
