import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import test, { type TestContext } from 'node:test'

import { openEngine, type Engine } from '../../test/support/engine.ts'
import { withSettledApp } from './deploy/lock-app.ts'
import { choosePort, hasItsPort, smallestFree } from './ports.ts'
import { withDeploy, type DeployEntry } from './state/app-state.ts'

const range = { from: 8000, to: 8002 }

test('the smallest free port is taken, both ends included', () => {
  assert.equal(
    smallestFree(range, undefined, () => true),
    8000,
  )
  assert.equal(
    smallestFree(range, undefined, (port) => port === 8002),
    8002,
  )
})

test('an earlier deploy gets its port back when it is free', () => {
  assert.equal(
    smallestFree(range, 8001, () => true),
    8001,
  )
  assert.equal(
    smallestFree(range, 8001, (port) => port !== 8001),
    8000,
  )
})

test('a full range says so and names the range', () => {
  assert.throws(() => smallestFree(range, undefined, () => false), /no free port from 8000 to 8002/)
})

test('no port is given that another deploy has recorded or somebody listens on, and the record is made at once', async (t) => {
  const engine = await openEngine(t)
  const taken = await occupy(t)
  const host = engine.as({
    settings: { ...engine.host.settings, ports: { from: taken, to: taken + 2 } },
  })
  await recordPort(engine, 'blog', taken + 1)
  const port = await choosePort(host, { wanted: true, preferred: taken }, (chosen) => chosen)
  assert.equal(port, taken + 2)
  await recordPort(engine, 'shop', taken + 2)
  await assert.rejects(choosePort(host, { wanted: true, preferred: undefined }, Number), {
    code: 'no-port',
  })
})

test('a stopped deploy gave its port back, and can have it again while nobody else took it', async (t) => {
  const engine = await openEngine(t)
  const entry = await recordPort(engine, 'shop', 21_050, 'stopped')
  assert.equal(hasItsPort(engine.host, entry), true)
  await recordPort(engine, 'blog', 21_050)
  assert.equal(hasItsPort(engine.host, entry), false)
  assert.equal(hasItsPort(engine.host, { ...entry, port: await occupy(t) }), false)
  assert.equal(hasItsPort(engine.host, { ...entry, port: undefined }), true)
})

test('a deploy that listens on a socket gets no port', async (t) => {
  const { host } = await openEngine(t)
  const port = await choosePort(host, { wanted: false, preferred: 8000 }, (chosen) => chosen)
  assert.equal(port, undefined)
})

async function recordPort(
  { host }: Engine,
  app: string,
  port: number,
  wanted: DeployEntry['wanted'] = 'running',
): Promise<DeployEntry> {
  const entry: DeployEntry = {
    label: `at-${port}`,
    release: { name: app, version: '1', digest: 'd' },
    wanted,
    port,
    socketDirectory: undefined,
    driver: 'command',
    createdAt: 1,
    deployment: 'd1',
  }
  await withSettledApp(host, app, 'test', async (locked) =>
    locked.update((state) => withDeploy(state, entry)),
  )
  return entry
}

/** A port that somebody listens on until the test has ended. */
async function occupy(t: TestContext): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}
