import assert from 'node:assert/strict'
import { existsSync, linkSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { get } from 'node:http'
import { createServer } from 'node:net'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

import type {
  DriverContext,
  ProcessDriver,
  ServiceSpec,
} from '../../src/host/drivers/process-driver.ts'
import { randomText, systemClock, tcpListenerInodes } from '../../src/system/index.ts'
import { afterwards } from '../support/afterwards.ts'
import { freePort } from '../support/free-port.ts'
import { temporaryFolder } from '../support/temp-folder.ts'
import { waitUntil } from '../support/wait-until.ts'

/** What a driver brings to be tested. */
export interface DriverUnderTest {
  /** A driver of its own for this test; whatever it needs ends with the test. */
  readonly open: (t: TestContext, folder: string) => ProcessDriver
  /** Whether it runs the process itself: watches, restarts, and knows whose it is. */
  readonly supervises: boolean
}

const app = fileURLToPath(new URL('../support/programs/service-app.ts', import.meta.url))
const context: DriverContext = { clock: systemClock, signal: new AbortController().signal }

/** The contract of ProcessDriver, as tests. Call it from a test file beside the driver. */
export function testDriver(name: string, { open, supervises }: DriverUnderTest): void {
  const suite = (title: string, body: (use: Use) => Promise<void>, applies = true): void => {
    if (!applies) return
    test(`${name}: ${title}`, async (t) => {
      await body(await prepare(t, open, supervises))
    })
  }

  suite('a started deploy answers, with its environment and its output in the log', async (use) => {
    await use.start()
    assert.match(await use.answer(), /^\d+ it's "me" \$HOME %n$/)
    await waitUntil(() => readFileSync(use.spec.logFile, 'utf8').includes('listening'))
  })

  suite('starting what runs already leaves it alone', async (use) => {
    await use.start()
    const first = await use.answer()
    await use.start()
    assert.equal(await use.answer(), first)
  })

  suite('what was started belongs to a session of its own', async (use) => {
    await use.start()
    const pid = Number((await use.answer()).split(' ')[0])
    assert.notEqual(sessionOf(pid), sessionOf(process.pid))
  })

  suite('stop lets it end by itself and returns when its port is free', async (use) => {
    await use.start()
    await use.answer()
    await use.driver.stop(use.spec, context)
    assert.deepEqual(tcpListenerInodes(use.port), [])
    assert.match(readFileSync(use.spec.logFile, 'utf8'), /asked to stop/)
  })

  suite('stopping what does not run is success, before and after', async (use) => {
    await use.driver.stop(use.spec, context)
    await use.start()
    await use.driver.stop(use.spec, context)
    await use.driver.stop(use.spec, context)
  })

  suite('a stopped deploy can be started again', async (use) => {
    await use.start()
    const first = await use.answer()
    await use.driver.stop(use.spec, context)
    await use.start()
    assert.notEqual(await use.answer(), first)
  })

  suite('what ignores the stop signal is killed after the grace', async (use) => {
    const spec = { ...use.spec, grace: 200, env: { ...use.spec.env, STUBBORN: '1' } }
    await use.driver.start(spec, context)
    await use.answer()
    await use.driver.stop(spec, context)
    assert.deepEqual(tcpListenerInodes(use.port), [])
  })

  suite('it tells its state', async (use) => {
    const states = supervises ? ['stopped', 'running', 'stopped'] : Array(3).fill('unknown')
    assert.equal((await use.driver.observe(use.spec)).state, states[0])
    await use.start()
    await use.answer()
    assert.equal((await use.driver.observe(use.spec)).state, states[1])
    await use.driver.stop(use.spec, context)
    assert.equal((await use.driver.observe(use.spec)).state, states[2])
  })

  suite('it knows its own processes, or says that it cannot', async (use) => {
    await use.start()
    const pid = Number((await use.answer()).split(' ')[0])
    const own = await use.driver.ownPids(use.spec)
    assert.equal(own && [...own].includes(pid), supervises ? true : undefined)
  })

  suite(
    'a process that crashes is started again and counted',
    async (use) => {
      const spec = { ...use.spec, env: { ...use.spec.env, CRASH_AFTER: '50' } }
      await use.driver.start(spec, context)
      await waitUntil(async () => {
        const now = await use.driver.observe(spec)
        return now.state === 'failing' && now.restarts >= 2 && now.lastEnd.includes('3')
      })
    },
    supervises,
  )

  suite(
    'a socket that a killed process left does not stop the next one, and its group may connect',
    async (use) => {
      const socket = join(use.folder, 'app.sock')
      await leaveStaleSocket(socket)
      const spec = { ...use.spec, socket, env: { ...use.spec.env, SLUICE_SOCKET: socket } }
      await use.driver.start(spec, context)
      assert.match(await ask({ socketPath: socket }), /^\d+ /)
      assert.equal(statSync(socket).mode & 0o777, 0o770)
    },
    supervises,
  )
}

interface Use {
  readonly driver: ProcessDriver
  readonly folder: string
  readonly spec: ServiceSpec
  readonly port: number
  start(): Promise<void>
  /** What the deploy says, once it does. */
  answer(): Promise<string>
}

async function prepare(
  t: TestContext,
  open: DriverUnderTest['open'],
  supervises: boolean,
): Promise<Use> {
  const folder = temporaryFolder(t)
  const port = await freePort()
  const directory = join(folder, 'a deploy')
  mkdirSync(directory)
  const command = `exec '${process.execPath}' '${app}'`
  const spec: ServiceSpec = {
    app: `test-${randomText(8)}`,
    label: '1',
    directory,
    command: supervises ? command : `'${process.execPath}' '${app}' & echo $! > pid`,
    stopCommand: 'test ! -f pid || kill $(cat pid) 2> /dev/null || true',
    env: { PATH: '/usr/bin:/bin', PORT: String(port), GREETING: `it's "me" $HOME %n` },
    owner: undefined,
    port,
    socket: undefined,
    stopSignal: 'SIGTERM',
    grace: 10_000,
    logFile: join(folder, 'log', 'app.log'),
    logLimit: 100_000,
  }
  const driver = open(t, folder)
  afterwards(t, () => driver.stop({ ...spec, grace: 100 }, context))
  return {
    driver,
    folder,
    port,
    start: () => driver.start(spec, context),
    answer: () => ask({ port }),
    spec,
  }
}

async function ask(where: { port: number } | { socketPath: string }): Promise<string> {
  let text: string | undefined
  await waitUntil(async () => {
    text = await askOnce(where).catch(() => undefined)
    return text !== undefined
  }, 'an answer')
  return text ?? ''
}

function askOnce(where: { port: number } | { socketPath: string }): Promise<string> {
  return new Promise((resolve, reject) => {
    const target = 'port' in where ? { host: '127.0.0.1', ...where } : where
    const request = get({ ...target, agent: false, path: '/' }, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')))
      response.on('end', () => resolve(text))
    })
    request.on('error', reject)
  })
}

/** What kill -9 leaves: a socket file that nobody listens on. */
async function leaveStaleSocket(path: string): Promise<void> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(`${path}.live`, resolve))
  linkSync(`${path}.live`, path)
  await new Promise((resolve) => server.close(resolve))
  assert.ok(existsSync(path))
}

/** Field 6 of /proc/PID/stat. */
function sessionOf(pid: number): string | undefined {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[3]
}
