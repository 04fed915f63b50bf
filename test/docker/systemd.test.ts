import assert from 'node:assert/strict'
import test from 'node:test'

import { createSystemdMachine, type SystemdMachine } from '../support/systemd-machine.ts'
import { waitUntil } from '../support/wait-until.ts'

// The built sluice on a machine where systemd is PID 1.

const unit = (label: string): string => `sluice-shop-${label}.service`
const proxyUnit = 'sluice-proxy.service'

async function deploy(machine: SystemdMachine, version: string): Promise<Record<string, unknown>> {
  const result = await machine.json('deploy', await machine.pack({ version }))
  assert.equal(result['outcome'], 'succeeded', JSON.stringify(result))
  return result
}

/** Asks on a new connection each time until told that it is enough. */
const loadScript = `
const { existsSync } = require('node:fs')
const { get } = require('node:http')
const count = { answered: 0, failed: 0 }
function ask() {
  if (existsSync('/root/enough')) return console.log(JSON.stringify(count))
  const done = (ok) => { count[ok ? 'answered' : 'failed'] += 1; setTimeout(ask, 2) }
  get({ host: '127.0.0.1', port: 80, agent: false }, (answer) => {
    answer.resume().on('end', () => done(answer.statusCode === 200)).on('error', () => done(false))
  }).on('error', () => done(false))
}
ask()`

async function runningUnits(machine: SystemdMachine): Promise<string[]> {
  const words = ['list-units', '--plain', '--no-legend', '--state=running', 'sluice-*.service']
  const lines = await machine.succeed('systemctl', ...words)
  return lines
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split(' ')[0] ?? '')
}

test('deploys and the proxy are units; a second deploy replaces the first, and a rollback brings it back', async (t) => {
  const machine = await createSystemdMachine(t)
  if (machine === undefined) return
  const first = await deploy(machine, '1')
  assert.equal(first['proof'] ?? first['health'], 'proved', JSON.stringify(first))
  assert.deepEqual(await runningUnits(machine), [proxyUnit, unit('shop-1')])
  assert.equal(await machine.served(), '1')

  await deploy(machine, '2')
  assert.deepEqual(await runningUnits(machine), [proxyUnit, unit('shop-2')])
  assert.equal(await machine.served(), '2')

  assert.equal((await machine.json('rollback'))['label'], 'shop-1')
  assert.deepEqual(await runningUnits(machine), [proxyUnit, unit('shop-1')])
  assert.equal(await machine.served(), '1')
})

test('a deploy runs as the configured user, and only root can read its environment', async (t) => {
  const machine = await createSystemdMachine(t)
  if (machine === undefined) return
  await machine.configure({ user: 'www-data' })
  await deploy(machine, '1')
  const pid = await machine.property(unit('shop-1'), 'MainPID')
  assert.equal(await machine.succeed('stat', '-c', '%U', `/proc/${pid}`), 'www-data')
  const environment = '/run/sluice/units/shop+shop-1.env'
  assert.equal(await machine.succeed('stat', '-c', '%a %U', environment), '600 root')
  assert.equal(await machine.property(unit('shop-1'), 'Environment'), '')
})

test('a deploy and a proxy that are killed come back by themselves', async (t) => {
  const machine = await createSystemdMachine(t)
  if (machine === undefined) return
  await deploy(machine, '1')
  for (const name of [unit('shop-1'), proxyUnit]) {
    const pid = await machine.property(name, 'MainPID')
    await machine.succeed('sh', '-c', `kill -9 ${pid}`)
    await waitUntil(
      async () => !['0', pid].includes(await machine.property(name, 'MainPID')),
      `${name} to come back`,
    )
    await waitUntil(async () => (await machine.served()) === '1', `an answer after ${name} died`)
  }
})

test('a proxy that cannot have its port is told with its reason, and nobody goes on trying', async (t) => {
  const machine = await createSystemdMachine(t)
  if (machine === undefined) return
  await machine.succeed('systemctl', 'start', 'nginx')
  const result = await machine.json('deploy', await machine.pack({ version: '1' }))
  assert.notEqual(result['outcome'], 'succeeded')
  const { message, output } = result['error'] as { message: string; output?: string }
  assert.match(message, /systemd could not start sluice-proxy\.service/)
  assert.match(output ?? '', /cannot listen on 0\.0\.0\.0:80/)
  assert.deepEqual(await runningUnits(machine), [])
  assert.equal(await machine.property(proxyUnit, 'ActiveState'), 'inactive')
})

test('after an upgrade a new process takes over the public sockets inside the same unit', async (t) => {
  const machine = await createSystemdMachine(t)
  if (machine === undefined) return
  await deploy(machine, '1')
  const before = await machine.property(proxyUnit, 'MainPID')
  const program = '/usr/local/bin/sluice'
  await machine.succeed('cp', program, `${program}.new`)
  await machine.succeed('mv', `${program}.new`, program)
  const load = machine.succeed(process.execPath, '-e', loadScript)
  assert.deepEqual((await machine.json('boot'))['problems'], [])
  await waitUntil(
    async () => !['0', before].includes(await machine.property(proxyUnit, 'MainPID')),
    'systemd to follow to the new process',
  )
  assert.equal(await machine.property(proxyUnit, 'NRestarts'), '0')
  assert.equal(await machine.served(), '1')
  await machine.succeed('touch', '/root/enough')
  const { answered, failed } = JSON.parse(await load) as { answered: number; failed: number }
  assert.ok(answered > 0)
  assert.equal(failed, 0)
})

test('a listener in another unit is not taken for the deploy, though it answers on its port', async (t) => {
  const machine = await createSystemdMachine(t)
  if (machine === undefined) return
  await deploy(machine, '1')
  const stranger = 'systemd-run --quiet --unit=stranger busybox httpd -f -p 127.0.0.1:$PORT'
  const manifest = {
    service: { command: `${stranger}; exec sleep 1000` },
    listen: 'port',
    check: { type: 'tcp', interval: '10ms', timeout: '1s', successes: 2, within: '3s' },
  }
  const result = await machine.json('deploy', await machine.pack({ version: '2', manifest }))
  assert.equal(result['outcome'], 'undone', JSON.stringify(result))
  const { code, message } = result['error'] as { code: string; message: string }
  assert.equal(code, 'unhealthy')
  assert.match(message, /busybox/)
  assert.equal(await machine.served(), '1')
})

test('what a deploy started goes on when the unit that ran the deploy has ended', async (t) => {
  const machine = await createSystemdMachine(t)
  if (machine === undefined) return
  const archive = await machine.pack({ version: '1' })
  // What shows that units do end what they started.
  const child = 'setsid sleep 1000 & echo $! > /root/child'
  const line = `${child}; exec sluice deploy ${archive}`
  await machine.succeed('systemd-run', '--wait', '--collect', '--quiet', '/bin/sh', '-c', line)
  assert.notEqual((await machine.exec('sh', '-c', 'kill -0 $(cat /root/child)')).status, 0)
  assert.deepEqual(await runningUnits(machine), [proxyUnit, unit('shop-1')])
  assert.equal(await machine.served(), '1')
})

test('a command of a release outlives the unit that started it, and resume reports its true result', async (t) => {
  const machine = await createSystemdMachine(t)
  if (machine === undefined) return
  const migrate = 'echo begun >> /root/migrated; while [ ! -e /root/go ]; do sleep 0.1; done'
  const manifest = { migrate: { command: `${migrate}; echo ended >> /root/migrated` } }
  const archive = await machine.pack({ version: '1', manifest })
  await machine.succeed('systemd-run', '--unit=ci-job', '--quiet', 'sluice', 'deploy', archive)
  await waitUntil(
    async () => (await machine.exec('test', '-s', '/root/migrated')).status === 0,
    'the migration to begin',
  )
  await machine.succeed('systemctl', 'kill', '--signal=SIGKILL', 'ci-job')
  await machine.succeed('touch', '/root/go')
  const result = await machine.json('resume')
  assert.equal(result['outcome'], 'succeeded', JSON.stringify(result))
  assert.equal(await machine.succeed('cat', '/root/migrated'), 'begun\nended')
  assert.equal(await machine.served(), '1')
})

test('a switch that nobody commits goes back by itself, by a timer of systemd', async (t) => {
  const machine = await createSystemdMachine(t)
  if (machine === undefined) return
  await deploy(machine, '1')
  // The deadline is the sum of both.
  await machine.configure({
    bake: { for: '4s', interval: '20ms', failures: 3 },
    confirmWithin: '1s',
  })
  const archive = await machine.pack({ version: '2' })
  await machine.succeed('systemd-run', '--unit=ci-job', '--quiet', 'sluice', 'deploy', archive)
  await waitUntil(async () => (await machine.served()) === '2', 'the switch')
  await machine.succeed('systemctl', 'kill', '--signal=SIGKILL', 'ci-job')
  const timers = await machine.succeed('systemctl', 'list-timers', '--no-legend', 'sluice-revert-*')
  assert.match(timers, /sluice-revert-shop-/)
  await waitUntil(async () => (await machine.served()) === '1', 'the way back')
  await waitUntil(async () => {
    const [latest] = (await machine.json('history')) as unknown as { outcome: string }[]
    return latest?.outcome === 'undone'
  }, 'the end of the revert')
  assert.deepEqual(await runningUnits(machine), [proxyUnit, unit('shop-1')])
})

test('behind the nginx of the system, releases are switched by sockets', async (t) => {
  const machine = await createSystemdMachine(t)
  if (machine === undefined) return
  await machine.succeed('rm', '/etc/nginx/sites-enabled/default')
  await machine.succeed('systemctl', 'start', 'nginx')
  const endpoints = { main: { app: 'shop', serverNames: ['127.0.0.1'] } }
  await machine.configure({ user: 'www-data', proxy: { driver: 'nginx' }, endpoints })
  for (const version of ['1', '2']) {
    await deploy(machine, version)
    assert.equal(await machine.served(), version)
  }
  assert.equal((await machine.json('rollback'))['label'], 'shop-1')
  assert.equal(await machine.served(), '1')
  assert.deepEqual(await runningUnits(machine), [unit('shop-1')])
})

test('after a reboot everything that was bound runs again, and doctor finds nothing to say', async (t) => {
  const machine = await createSystemdMachine(t)
  if (machine === undefined) return
  await deploy(machine, '1')
  await deploy(machine, '2')
  assert.match(await machine.succeed('sluice', 'boot', '--install'), /sluice-boot\.service/)
  await machine.reboot()
  await waitUntil(async () => (await machine.served()) === '2', 'version 2 after the reboot')
  assert.deepEqual(await runningUnits(machine), [proxyUnit, unit('shop-2')])
  assert.equal(await machine.property('sluice-boot.service', 'Result'), 'success')
  const { checks } = await machine.json('doctor')
  const troubles = (checks as { state: string }[]).filter(({ state }) => state !== 'good')
  assert.deepEqual(troubles, [])
})
