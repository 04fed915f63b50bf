import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { testDriver } from '../../../test/conformance/driver-conformance.ts'
import { afterwards } from '../../../test/support/afterwards.ts'
import { freePort } from '../../../test/support/free-port.ts'
import { temporaryFolder } from '../../../test/support/temp-folder.ts'
import { randomText, systemClock } from '../../system/index.ts'
import { createCommandDriver } from './command-driver.ts'
import { assertPortFree } from './port-state.ts'
import type { ServiceSpec } from './process-driver.ts'

testDriver('command', {
  open: () => createCommandDriver({ timeout: 30_000 }),
  supervises: false,
})

const driver = createCommandDriver({ timeout: 30_000 })
const context = { clock: systemClock, signal: new AbortController().signal }

function specFor(t: TestContext, more: Partial<ServiceSpec>): ServiceSpec {
  const folder = temporaryFolder(t)
  const spec: ServiceSpec = {
    app: `test-${randomText(8)}`,
    label: '7',
    directory: folder,
    command: 'echo start >> calls',
    stopCommand: 'echo stop >> calls',
    env: { PATH: '/usr/bin:/bin' },
    owner: undefined,
    port: undefined,
    socket: undefined,
    stopSignal: 'SIGTERM',
    grace: 200,
    logFile: join(folder, 'log', '7.log'),
    logLimit: 10_000,
    ...more,
  }
  afterwards(t, () => driver.stop({ ...spec, stopCommand: 'true', port: undefined }, context))
  return spec
}

function callsOf(spec: ServiceSpec): string[] {
  return readFileSync(join(spec.directory, 'calls'), 'utf8').trim().split('\n')
}

test('a repeated start does not run the start command again, a start after a stop does', async (t) => {
  const spec = specFor(t, {})
  await driver.start(spec, context)
  await driver.start(spec, context)
  await driver.stop(spec, context)
  await driver.start(spec, context)
  assert.deepEqual(callsOf(spec), ['start', 'stop', 'start'])
})

test('a start that an earlier boot finished is run again', async (t) => {
  const spec = specFor(t, {})
  await driver.start(spec, context)
  const begun = join(spec.directory, 'log', '7.start', 'begun')
  const attempt = JSON.parse(readFileSync(begun, 'utf8')) as object
  writeFileSync(begun, JSON.stringify({ ...attempt, bootId: 'an-earlier-boot' }))
  await driver.start(spec, context)
  assert.deepEqual(callsOf(spec), ['start', 'start'])
})

test('a start command that fails is told with its output and may be tried again', async (t) => {
  const spec = specFor(t, { command: 'echo start >> calls; echo out of luck; exit 9' })
  await assert.rejects(driver.start(spec, context), {
    code: 'command-failed',
    message: 'the start command exited with 9',
    output: 'out of luck',
  })
  await assert.rejects(driver.start(spec, context), { output: 'out of luck' })
  assert.deepEqual(callsOf(spec), ['start', 'start'])
})

test('a stop command that fails is stop-failed and may be repeated', async (t) => {
  const spec = specFor(t, { stopCommand: 'echo stop >> calls; echo stuck; test -f ok' })
  await driver.start(spec, context)
  await assert.rejects(driver.stop(spec, context), { code: 'stop-failed', output: 'stuck' })
  writeFileSync(join(spec.directory, 'ok'), '')
  await driver.stop(spec, context)
  assert.deepEqual(callsOf(spec), ['start', 'stop', 'stop'])
})

test('a stop that leaves the port taken says who has it', async (t) => {
  const port = await freePort()
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  afterwards(t, () => server.close())
  const spec = specFor(t, { port })
  await assert.rejects(driver.stop(spec, context), {
    code: 'stop-failed',
    message: new RegExp(`\\(process ${process.pid}\\) still listens on its port ${port}`),
  })
})

test('both commands write to the log of the deploy', async (t) => {
  const spec = specFor(t, { command: 'echo going up', stopCommand: 'echo going down' })
  mkdirSync(join(spec.directory, 'log'))
  writeFileSync(spec.logFile, 'earlier\n')
  await driver.start(spec, context)
  await driver.stop(spec, context)
  assert.equal(readFileSync(spec.logFile, 'utf8'), 'earlier\ngoing up\ngoing down\n')
})

test('a taken port is told with its holder before a start', async (t) => {
  const port = await freePort()
  assertPortFree(port)
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  afterwards(t, () => server.close())
  assert.throws(() => assertPortFree(port), {
    code: 'port-taken',
    message: new RegExp(`port ${port} is taken by .+ \\(process ${process.pid}\\)`),
  })
})
