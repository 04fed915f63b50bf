import assert from 'node:assert/strict'
import {
  copyFileSync,
  chmodSync,
  existsSync,
  readFileSync,
  readdirSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

import { temporaryFolder } from '../../../test/support/temp-folder.ts'
import { makeDirectory, systemClock } from '../../system/index.ts'
import type { ProcessDriver, ServiceSpec, ServiceState } from './process-driver.ts'
import { createSystemdDriver, readState } from './systemd-driver.ts'
import { createSystemdTimers } from './systemd-timers.ts'
import { openSystemctl } from './systemctl.ts'

// Without a systemd: what the driver asks for, and how it reads the answers. Containers show the rest.

const fake = fileURLToPath(
  new URL('../../../test/support/programs/fake-systemctl.sh', import.meta.url),
)
const context = { clock: systemClock, signal: new AbortController().signal }

interface Scene {
  readonly driver: ProcessDriver
  readonly spec: ServiceSpec
  readonly program: string
  readonly units: string
  readonly environments: string
  /** Words of each call so far, without those that only look. */
  readonly calls: () => string[]
}

function setScene(t: TestContext): Scene {
  const folder = temporaryFolder(t)
  const program = join(folder, 'systemctl')
  copyFileSync(fake, program)
  chmodSync(program, 0o755)
  const units = join(folder, 'system')
  const environments = join(folder, 'units')
  makeDirectory(units)
  const driver = createSystemdDriver({
    unitDirectory: units,
    environmentDirectory: environments,
    systemctl: openSystemctl(program),
  })
  const spec: ServiceSpec = {
    app: 'shop',
    label: '1',
    directory: folder,
    command: 'exec ./shop',
    stopCommand: '',
    env: { TOKEN: 'canary' },
    owner: undefined,
    port: 8001,
    socket: undefined,
    stopSignal: 'SIGTERM',
    grace: 1000,
    logFile: join(folder, '1.log'),
    logLimit: 1000,
  }
  const calls = (): string[] =>
    readFileSync(`${program}.calls`, 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.replace('--no-pager ', ''))
      .filter((line) => !line.startsWith('show'))
  return { driver, spec, program, units, environments, calls }
}

test('a start writes the unit, keeps its environment to root, and asks systemd once', async (t) => {
  const { driver, spec, units, environments, calls } = setScene(t)
  await driver.start(spec, context)
  await driver.start(spec, context)
  assert.deepEqual(calls(), ['daemon-reload', 'start -- sluice-shop-1.service'])
  assert.ok(!readFileSync(join(units, 'sluice-shop-1.service'), 'utf8').includes('canary'))
  const environment = join(environments, 'shop+1.env')
  assert.equal(readFileSync(environment, 'utf8'), 'TOKEN="canary"\n')
  assert.equal(statSync(environment).mode & 0o777, 0o600)
  assert.deepEqual(await driver.observe(spec), { state: 'running', pid: 42, restarts: 0 })
})

test('a start that systemd refuses is told with the output of the deploy', async (t) => {
  const { driver, spec, program } = setScene(t)
  writeFileSync(`${program}.fail`, '')
  writeFileSync(spec.logFile, 'no such file: ./shop\n')
  await assert.rejects(driver.start(spec, context), {
    code: 'start-failed',
    output: 'no such file: ./shop\n',
    hint: /systemctl status sluice-shop-1\.service/,
  })
})

test('a stop removes unit and environment, and may be repeated', async (t) => {
  const { driver, spec, units, environments, calls } = setScene(t)
  await driver.start(spec, context)
  await driver.stop(spec, context)
  await driver.stop(spec, context)
  assert.ok(calls().includes('stop -- sluice-shop-1.service'))
  assert.deepEqual([...readdirSync(units), ...readdirSync(environments)], [])
  assert.equal((await driver.observe(spec)).state, 'stopped')
})

const shown: { properties: Record<string, string>; state: ServiceState }[] = [
  {
    properties: { ActiveState: 'active', MainPID: '7', NRestarts: '2' },
    state: { state: 'running', pid: 7, restarts: 2 },
  },
  {
    properties: { ActiveState: 'activating', SubState: 'start', MainPID: '0' },
    state: { state: 'running', pid: undefined, restarts: 0 },
  },
  {
    properties: {
      ActiveState: 'activating',
      SubState: 'auto-restart',
      NRestarts: '3',
      Result: 'exit-code',
      ExecMainStatus: '1',
    },
    state: { state: 'failing', restarts: 3, lastEnd: 'ended: exit-code, status 1' },
  },
  {
    properties: { ActiveState: 'failed', Result: 'oom-kill', ExecMainStatus: '9' },
    state: { state: 'failing', restarts: 0, lastEnd: 'ended: oom-kill, status 9' },
  },
  { properties: { ActiveState: 'inactive' }, state: { state: 'stopped' } },
  { properties: {}, state: { state: 'stopped' } },
]

for (const { properties, state } of shown) {
  test(`a unit that is ${JSON.stringify(properties)} counts as ${state.state}`, () => {
    assert.deepEqual(readState(properties), state)
  })
}

test('a revert timer is a transient unit, replaced when armed again and stopped when disarmed', async (t) => {
  const { program, calls } = setScene(t)
  const clock = { ...systemClock, now: () => 1_000_000 }
  const timers = createSystemdTimers({
    systemctl: openSystemctl(program),
    clock,
    systemdRun: program,
  })
  const command = ['/opt/sluice/bin/sluice', 'host', 'revert', '$HOME']
  await timers.arm({ app: 'shop', deployment: 'd-1', deadline: 1_012_500, command })
  assert.deepEqual(calls(), [
    '--quiet --collect --unit=sluice-revert-shop-d-1 --on-active=12.500s ' +
      '--timer-property=AccuracySec=100ms --property=Restart=on-failure --property=RestartSec=1s ' +
      '--property=StartLimitIntervalSec=1h --property=StartLimitBurst=10 -- /opt/sluice/bin/sluice host revert $$HOME',
  ])
  await timers.disarm('shop', 'd-1')
  assert.equal(calls().length, 1)
  writeFileSync(`${program}.show`, 'LoadState=loaded\n')
  await timers.disarm('shop', 'd-1')
  assert.equal(calls()[1], 'stop -- sluice-revert-shop-d-1.timer')
  assert.ok(existsSync(program))
})
