import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

import { testDriver } from '../../../test/conformance/driver-conformance.ts'
import { afterwards } from '../../../test/support/afterwards.ts'
import { temporaryFolder } from '../../../test/support/temp-folder.ts'
import { waitUntil } from '../../../test/support/wait-until.ts'
import { identify, isAlive, randomText, sendSignal, systemClock } from '../../system/index.ts'
import { askKeeper } from '../keeper/ask-keeper.ts'
import { ensureKeeper, type KeeperPlace } from '../keeper/ensure-keeper.ts'
import { openKeeperClient } from '../keeper/keeper-client.ts'
import { keeperSocket, readService, writeService } from '../keeper/keeper-files.ts'
import type { ProcessDriver, ServiceSpec } from './process-driver.ts'
import { createSupervisedDriver } from './supervised-driver.ts'

const keep = fileURLToPath(new URL('../../../test/support/programs/keep.ts', import.meta.url))
const context = { clock: systemClock, signal: new AbortController().signal }

/** A run directory whose keeper is ended after the test. */
function placeIn(t: TestContext, folder: string, idle = 10_000): KeeperPlace {
  const runDir = join(folder, 'run')
  afterwards(t, async () => {
    await waitUntil(async () => {
      await askKeeper(runDir, { type: 'leave' }).catch(() => undefined)
      return !existsSync(keeperSocket(runDir)) && !isKept(runDir)
    })
  })
  return { runDir, command: [process.execPath, keep, runDir, String(idle)], clock: systemClock }
}

/** Whether a keeper runs there, one included that has no socket yet. */
function isKept(runDir: string): boolean {
  return readdirSync('/proc').some((pid) => {
    const words = wordsOf(pid)
    return words.includes(keep) && words.includes(runDir)
  })
}

/** The command line of a process; empty for one that ends meanwhile. */
function wordsOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    return []
  }
}

function openIn(t: TestContext, folder: string): ProcessDriver {
  const place = placeIn(t, folder)
  return createSupervisedDriver(place.runDir, openKeeperClient(place))
}

testDriver('supervised', { open: openIn, supervises: true })

interface Scene {
  readonly place: KeeperPlace
  readonly driver: ProcessDriver
  readonly spec: ServiceSpec
  /** Pid of the deploy's process; waits until there is one. */
  readonly pid: () => Promise<number>
}

function setScene(t: TestContext, command: string, idle?: number): Scene {
  const folder = temporaryFolder(t)
  const place = placeIn(t, folder, idle)
  const driver = createSupervisedDriver(place.runDir, openKeeperClient(place))
  const spec: ServiceSpec = {
    app: `test-${randomText(8)}`,
    label: 'a',
    directory: folder,
    command,
    stopCommand: '',
    env: { PATH: '/usr/bin:/bin', TOKEN: 'canary-0815' },
    owner: undefined,
    port: undefined,
    socket: undefined,
    stopSignal: 'SIGTERM',
    grace: 5000,
    logFile: join(folder, 'app.log'),
    logLimit: 10_000,
  }
  afterwards(t, () => driver.stop({ ...spec, grace: 100 }, context))
  const pid = async (): Promise<number> => {
    let found = 0
    await waitUntil(async () => {
      const state = await driver.observe(spec)
      found = state.state === 'running' ? (state.pid ?? 0) : 0
      return found > 0
    })
    return found
  }
  return { place, driver, spec, pid }
}

async function killKeeper(place: KeeperPlace): Promise<number> {
  const { pid } = await ensureKeeper(place)
  sendSignal(pid, 'SIGKILL')
  await waitUntil(() => identify(pid) === undefined)
  return pid
}

test('a service survives kill -9 of its keeper and the next keeper adopts it, again and again', async (t) => {
  const { place, driver, spec, pid } = setScene(t, 'echo $$ >> started; exec sleep 1000')
  await driver.start(spec, context)
  const first = await pid()
  for (let round = 0; round < 3; round++) {
    const killed = await killKeeper(place)
    const { pid: next, services } = await ensureKeeper(place)
    assert.notEqual(next, killed)
    assert.deepEqual(services, [{ app: spec.app, label: 'a' }])
    await driver.start(spec, context)
    assert.equal(await pid(), first)
  }
  assert.equal(readFileSync(join(spec.directory, 'started'), 'utf8'), `${first}\n`)
})

test('an adopted service is restarted when it ends, and can be stopped', async (t) => {
  const { place, driver, spec, pid } = setScene(t, 'exec sleep 1000')
  await driver.start(spec, context)
  const first = await pid()
  await killKeeper(place)
  await ensureKeeper(place)
  sendSignal(first, 'SIGKILL')
  await waitUntil(async () => (await pid()) !== first)
  const second = await pid()
  await driver.stop(spec, context)
  assert.equal(identify(second), undefined)
})

test('a service that was started but not yet recorded is adopted and not started twice', async (t) => {
  const { place, driver, spec, pid } = setScene(t, 'echo $$ >> started; exec sleep 1000')
  await driver.start(spec, context)
  const first = await pid()
  await waitUntil(() => existsSync(join(spec.directory, 'started')))
  await killKeeper(place)
  const record = readService(place.runDir, spec)
  assert.ok(record)
  writeService(place.runDir, { ...record, main: undefined })
  await ensureKeeper(place)
  assert.equal(await pid(), first)
  assert.equal(readFileSync(join(spec.directory, 'started'), 'utf8'), `${first}\n`)
})

/** What somebody does who clears the run directory; the keeper notices and ends. */
async function clearRunDirectory(place: KeeperPlace): Promise<void> {
  const { pid } = await ensureKeeper(place)
  rmSync(place.runDir, { recursive: true })
  await waitUntil(() => identify(pid) === undefined, 'the end of the keeper')
}

test('a service whose run directory was cleared is adopted by the next start, and kept on', async (t) => {
  const { place, driver, spec, pid } = setScene(t, 'echo $$ >> started; exec sleep 1000')
  await driver.start(spec, context)
  const first = await pid()
  await clearRunDirectory(place)
  await driver.start(spec, context)
  assert.equal(await pid(), first)
  assert.equal(readFileSync(join(spec.directory, 'started'), 'utf8'), `${first}\n`)
  sendSignal(first, 'SIGKILL')
  await waitUntil(async () => (await pid()) !== first)
})

test('a service whose run directory was cleared is ended by a stop', async (t) => {
  const { place, driver, spec, pid } = setScene(t, 'exec sleep 1000')
  await driver.start(spec, context)
  const first = await pid()
  await clearRunDirectory(place)
  await driver.stop(spec, context)
  assert.equal(identify(first), undefined)
  assert.ok(!existsSync(keeperSocket(place.runDir)), 'no keeper was started for it')
})

test('a process whose socket file was cleared away is not adopted: nobody could reach it', async (t) => {
  const scene = setScene(t, 'exec sleep 1000')
  const spec = { ...scene.spec, socket: join(scene.place.runDir, 'app.sock') }
  await scene.driver.start(spec, context)
  const first = await scene.pid()
  await clearRunDirectory(scene.place)
  await scene.driver.start(spec, context)
  assert.notEqual(await scene.pid(), first)
})

test(
  'a process of another account is not adopted, whatever its environment says',
  { skip: process.getuid?.() === 0 ? false : 'only root can run as another user' },
  async (t) => {
    const { place, driver, spec, pid } = setScene(t, 'exec sleep 1000')
    const foreign = spawn('sleep', ['1000'], {
      uid: 65_534,
      env: { SLUICE_DEPLOY: `${place.runDir}/${spec.app}/${spec.label}` },
    })
    afterwards(t, () => foreign.kill('SIGKILL'))
    writeFileSync(spec.logFile, 'it ran before\n')
    await driver.start(spec, context)
    assert.notEqual(await pid(), foreign.pid)
  },
)

test('a stop that a killed keeper had begun is finished by the next one', async (t) => {
  const { place, driver, spec, pid } = setScene(t, 'exec sleep 1000')
  await driver.start(spec, context)
  const first = await pid()
  await killKeeper(place)
  const record = readService(place.runDir, spec)
  assert.ok(record)
  writeService(place.runDir, { ...record, wanted: 'stopped' })
  await ensureKeeper(place)
  await waitUntil(() => identify(first) === undefined)
  await waitUntil(() => readService(place.runDir, spec) === undefined)
})

test('what an earlier boot kept is forgotten and not started', async (t) => {
  const { place, driver, spec, pid } = setScene(t, 'exec sleep 1000')
  await driver.start(spec, context)
  await pid()
  await driver.stop(spec, context)
  await killKeeper(place)
  writeService(place.runDir, {
    spec,
    bootId: 'an-earlier-boot',
    wanted: 'running',
    main: undefined,
    restarts: 0,
    lastEnd: undefined,
  })
  assert.deepEqual(await driver.observe(spec), { state: 'stopped' })
  const { services } = await ensureKeeper(place)
  assert.deepEqual(services, [])
  assert.equal(readService(place.runDir, spec), undefined)
})

test('ten callers at once get one keeper', async (t) => {
  const { place } = setScene(t, 'true')
  const answers = await Promise.all(Array.from({ length: 10 }, () => ensureKeeper(place)))
  assert.equal(new Set(answers.map(({ pid }) => pid)).size, 1)
})

test('a keeper with nothing to keep ends by itself', async (t) => {
  const { place } = setScene(t, 'true', 100)
  const { pid } = await ensureKeeper(place)
  await waitUntil(() => identify(pid) === undefined)
  assert.ok(!existsSync(keeperSocket(place.runDir)))
})

test('a keeper that cannot start is told with the end of its log', async (t) => {
  const { place } = setScene(t, 'true')
  const broken = { ...place, command: ['/bin/sh', '-c', 'echo no luck; exit 1'] }
  await assert.rejects(ensureKeeper(broken), { code: 'driver-unavailable', output: /no luck/ })
})

test('only the owner may talk to the keeper or read what it keeps', async (t) => {
  const { place, driver, spec, pid } = setScene(t, 'exec sleep 1000')
  await driver.start(spec, context)
  await pid()
  assert.equal(statSync(keeperSocket(place.runDir)).mode & 0o777, 0o600)
  const directory = join(place.runDir, 'keeper')
  assert.equal(statSync(directory).mode & 0o777, 0o700)
  for (const name of readdirSync(directory)) {
    assert.equal(statSync(join(directory, name)).mode & 0o077, 0, name)
  }
})

test('no secret of a service stands in the argv or environment of the keeper', async (t) => {
  const { place, driver, spec, pid } = setScene(t, 'exec sleep 1000')
  await driver.start(spec, context)
  const service = await pid()
  const keeper = (await ensureKeeper(place)).pid
  await waitUntil(() => readFileSync(`/proc/${service}/environ`, 'utf8').includes('canary-0815'))
  for (const file of [
    `/proc/${service}/cmdline`,
    `/proc/${keeper}/cmdline`,
    `/proc/${keeper}/environ`,
  ]) {
    assert.ok(!readFileSync(file, 'utf8').includes('canary-0815'), file)
  }
})

test('children of a crashed service end before it is started again', async (t) => {
  const { driver, spec } = setScene(
    t,
    `for p in $(cat children); do grep -q sleep /proc/$p/cmdline && echo $p >> survived; done
     setsid sleep 1000 & echo $! >> children; sleep 0.05; exit 7`,
  )
  await driver.start(spec, context)
  const children = join(spec.directory, 'children')
  await waitUntil(
    () => existsSync(children) && readFileSync(children, 'utf8').split('\n').length > 4,
  )
  assert.ok(!existsSync(join(spec.directory, 'survived')))
  await driver.stop(spec, context)
  for (const pid of readFileSync(children, 'utf8').split('\n').filter(Boolean)) {
    assert.equal(identify(Number(pid)), undefined)
  }
})

test('a log stays below twice its limit and keeps its end', async (t) => {
  const { driver, spec } = setScene(
    t,
    'i=0; while [ $i -lt 20000 ]; do echo "line number $i of many"; i=$((i+1)); done; echo the end; exec sleep 1000',
  )
  await driver.start(spec, context)
  await waitUntil(() => {
    const text = existsSync(spec.logFile) ? readFileSync(spec.logFile, 'utf8') : ''
    return text.endsWith('the end\n') && text.length <= 2 * spec.logLimit
  })
  assert.match(
    readFileSync(spec.logFile, 'utf8'),
    /^\[\d+ bytes of earlier output were dropped\]\n/,
  )
})

test('a shell in front of a service does not keep the stop signal from it', async (t) => {
  const { driver, spec } = setScene(
    t,
    `sh -c 'trap "echo child asked; exit 0" TERM; echo ready; while :; do sleep 0.05; done'; true`,
  )
  await driver.start(spec, context)
  await waitUntil(
    () => existsSync(spec.logFile) && readFileSync(spec.logFile, 'utf8').includes('ready'),
  )
  await driver.stop(spec, context)
  assert.match(readFileSync(spec.logFile, 'utf8'), /child asked/)
})

test('a start that fails at once is told, with nothing left behind', async (t) => {
  const { driver, spec, place } = setScene(t, 'true')
  const bad = { ...spec, env: { 'NOT A NAME': 'x' } }
  await assert.rejects(driver.start(bad, context), { code: 'config-invalid' })
  assert.deepEqual((await ensureKeeper(place)).services, [])
  assert.deepEqual(await driver.observe(spec), { state: 'stopped' })
})

test('a revert runs at its deadline, also when the keeper was killed meanwhile', async (t) => {
  const { place } = setScene(t, 'true')
  const keeper = openKeeperClient(place)
  const witness = join(place.runDir, 'reverted')
  const deadline = Date.now() + 1500
  const command = ['/bin/sh', '-c', `echo ran >> ${witness}`]
  await keeper.arm({ app: 'shop', deployment: 'd1', deadline, command })
  await killKeeper(place)
  const { timers } = await ensureKeeper(place)
  const ran = existsSync(witness)
  // A busy machine may come here late; then only the end shows something.
  if (Date.now() < deadline) {
    assert.deepEqual(timers, [{ app: 'shop', deployment: 'd1', deadline }])
    assert.equal(ran, false)
  }
  await waitUntil(() => existsSync(witness))
  assert.ok(Date.now() >= deadline)
  await waitUntil(async () => (await ensureKeeper(place)).timers.length === 0)
  assert.equal(readFileSync(witness, 'utf8'), 'ran\n')
})

test('a disarmed revert does not run, and disarming twice is success', async (t) => {
  const { place } = setScene(t, 'true')
  const keeper = openKeeperClient(place)
  const witness = join(place.runDir, 'reverted')
  const arm = (deployment: string, deadline: number): Promise<void> =>
    keeper.arm({
      app: 'shop',
      deployment,
      deadline,
      command: ['/bin/sh', '-c', `echo ${deployment} >> ${witness}`],
    })
  let deadline: number
  let name: string
  do {
    // A busy machine may be late with the disarming; then this try shows nothing.
    deadline = Date.now() + 700
    name = `disarmed-${deadline}`
    await arm(name, deadline)
    await keeper.disarm('shop', name)
  } while (Date.now() >= deadline)
  await keeper.disarm('shop', name)
  assert.deepEqual((await ensureKeeper(place)).timers, [])
  await arm('later', deadline + 300)
  await waitUntil(() => existsSync(witness) && readFileSync(witness, 'utf8').includes('later'))
  assert.ok(!readFileSync(witness, 'utf8').includes(name))
})

test('a revert that fails is tried again until it succeeds', async (t) => {
  const { place } = setScene(t, 'true')
  const tries = join(place.runDir, 'tries')
  mkdirSync(place.runDir, { recursive: true })
  writeFileSync(tries, '')
  const command = ['/bin/sh', '-c', `echo x >> ${tries}; test $(wc -l < ${tries}) -ge 3`]
  await openKeeperClient(place).arm({ app: 'shop', deployment: 'd', deadline: 0, command })
  await waitUntil(async () => (await ensureKeeper(place)).timers.length === 0)
  assert.equal(readFileSync(tries, 'utf8'), 'x\nx\nx\n')
})

test('what is no request is answered with an error and does not harm the keeper', async (t) => {
  const { place } = setScene(t, 'true')
  const { pid } = await ensureKeeper(place)
  const wrong = { type: 'explode' } as unknown as { type: 'ping' }
  await assert.rejects(askKeeper(place.runDir, wrong), { code: 'usage', message: /explode/ })
  const identity = identify(pid)
  assert.ok(identity !== undefined && isAlive(identity))
})
