import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import { openEngine, type Engine } from '../../../test/support/engine.ts'
import { deployRelease, startRelease } from '../deeds/deploy-release.ts'
import { connectEndpoint, disconnectEndpoint } from '../deeds/connect-endpoint.ts'
import { resumeDeployment, revertDeployment } from '../deeds/resume-deployment.ts'
import { rollBack } from '../deeds/roll-back.ts'
import { stopDeploy } from '../deeds/stop-deploy.ts'
import type { ProcessDriver } from '../drivers/process-driver.ts'
import { readJournal } from '../journal-file.ts'
import { appPaths } from '../layout.ts'
import { withSettledApp } from './lock-app.ts'

async function deploy(
  engine: Engine,
  version: string,
  more = {},
): ReturnType<typeof deployRelease> {
  return await deployRelease(engine.host, { release: await engine.pack({ version, ...more }) })
}

function served(engine: Engine, endpoint = 'main'): string | undefined {
  return engine.host.routes.load().routes[endpoint]?.target?.label
}

const paths = (engine: Engine): ReturnType<typeof appPaths> => appPaths(engine.host.layout, 'shop')

/** Lets a deploy of version 2 over version 1 be killed when it is in its bake. */
async function killedInBake(engine: Engine): Promise<string> {
  await deploy(engine, '1')
  let isTaken = false
  engine.answer = (label) => {
    const isBaking = engine.events.some(
      (event) => event.type === 'step-started' && event.step === 'bake',
    )
    if (label === 'shop-2' && isBaking && !isTaken) {
      isTaken = true
      engine.takeSnapshot()
    }
    return 200
  }
  engine.events.length = 0
  const { deployment } = await deploy(engine, '2')
  engine.powerCut()
  engine.running.add('shop/shop-1').add('shop/shop-2')
  return deployment
}

test('a deploy replaces what served, stops it, and is bound and current', async (t) => {
  const engine = await openEngine(t)
  await deploy(engine, '1')
  const { outcome, proof, serving } = await deploy(engine, '2')
  assert.deepEqual([outcome, proof, serving?.endpoints], ['succeeded', 'not proved', ['main']])
  assert.equal(served(engine), 'shop-2')
  assert.deepEqual([...engine.running], ['shop/shop-2'])
  assert.equal(readlinkSync(paths(engine).current), 'deploys/shop-2')
  assert.deepEqual([engine.state().unfinished, engine.armed.size], [undefined, 0])
})

test('a deploy that does not start leaves everything as it was', async (t) => {
  const engine = await openEngine(t)
  await deploy(engine, '1')
  const before = engine.state()
  engine.onStart = () => {
    throw new Error('no such program')
  }
  const { outcome, error } = await deploy(engine, '2')
  assert.deepEqual([outcome, error?.step, served(engine)], ['undone', 'start', 'shop-1'])
  assert.deepEqual(engine.state(), before)
  assert.deepEqual(readdirSync(paths(engine).deploys), ['shop-1'])
  assert.deepEqual(readdirSync(join(engine.host.layout.root, 'staging')), [])
})

test('a process that ends right after its start fails a deploy that has no check', async (t) => {
  const engine = await openEngine(t)
  await deploy(engine, '1')
  const driver: ProcessDriver = {
    ...engine.host.driver('supervised'),
    observe: async () => ({ state: 'failing', restarts: 1, lastEnd: 'exited with 3' }),
  }
  const release = await engine.pack({ version: '2' })
  const host = engine.as({ driver: () => driver })
  const { outcome, error } = await deployRelease(host, { release })
  assert.deepEqual([outcome, error?.step, error?.code], ['undone', 'prove', 'start-failed'])
  assert.deepEqual([served(engine), [...engine.running]], ['shop-1', ['shop/shop-1']])
})

test('a release that fails in front of visitors is taken back and stays rejected', async (t) => {
  const engine = await openEngine(t)
  await deploy(engine, '1')
  let asked = 0
  engine.answer = (label) => (label === 'shop-2' && ++asked > 1 ? 500 : 200)
  const { outcome, error } = await deploy(engine, '2')
  assert.deepEqual([outcome, error?.code, served(engine)], ['undone', 'bake-failed', 'shop-1'])
  engine.answer = () => 200
  await assert.rejects(deploy(engine, '2'), { code: 'quarantined' })
})

test('killed before its first journal entry, a deployment leaves no trace', async (t) => {
  const engine = await openEngine(t)
  await deploy(engine, '1')
  await withSettledApp(engine.host, 'shop', 'test', async (app) => {
    app.update((state) => ({ ...state, unfinished: '20261120-000000-gone' }))
  })
  const journals = readdirSync(paths(engine).journal)
  await assert.rejects(resumeDeployment(engine.host, {}), { code: 'not-found' })
  assert.equal(engine.state().unfinished, undefined)
  assert.deepEqual(readdirSync(paths(engine).journal), journals)
})

test('killed between switch and commit, the next command gives the endpoint back', async (t) => {
  const engine = await openEngine(t)
  const killed = await killedInBake(engine)
  assert.equal(engine.state().unfinished, killed)
  await stopDeploy(engine.host, { deploy: 'shop-1' }).catch(() => undefined)
  assert.equal(served(engine), 'shop-1')
  assert.deepEqual([...engine.running], ['shop/shop-1'])
  assert.equal(readJournal(paths(engine).journal, killed).at(-1)?.type, 'outcome')
})

test('killed between switch and commit, resume goes on to the commit', async (t) => {
  const engine = await openEngine(t)
  const killed = await killedInBake(engine)
  const { deployment, outcome } = await resumeDeployment(engine.host, {})
  assert.deepEqual([deployment, outcome, served(engine)], [killed, 'succeeded', 'shop-2'])
})

test('what was being undone is not resumed forward', async (t) => {
  const engine = await openEngine(t)
  const killed = await killedInBake(engine)
  engine.onStart = () => engine.takeSnapshot()
  await revertDeployment(engine.host, { app: 'shop', deployment: killed })
  engine.powerCut()
  engine.onStart = () => undefined
  const { outcome } = await resumeDeployment(engine.host, {})
  assert.deepEqual([outcome, served(engine)], ['undone', 'shop-1'])
  const resumed = readJournal(paths(engine).journal, killed).filter(
    ({ type }) => type === 'resumed',
  )
  assert.deepEqual(
    resumed.map((entry) => entry.type === 'resumed' && entry.direction),
    ['back', 'back'],
  )
})

test('the revert of a deployment that was confirmed does nothing', async (t) => {
  const engine = await openEngine(t)
  const { deployment } = await deploy(engine, '1')
  assert.equal(await revertDeployment(engine.host, { app: 'shop', deployment }), undefined)
  assert.equal(served(engine), 'shop-1')
})

test('an endpoint that another app took meanwhile stays with that app', async (t) => {
  const engine = await openEngine(t, { endpoints: { open: {} } })
  engine.onStart = async ({ app }) => {
    if (app !== 'shop') return
    engine.onStart = () => undefined
    const release = await engine.pack({ name: 'blog', version: '1' })
    await deployRelease(engine.host, { release, endpoints: ['open'] })
  }
  const release = await engine.pack({ version: '1' })
  const { outcome, error } = await deployRelease(engine.host, { release, endpoints: ['open'] })
  assert.deepEqual([outcome, error?.code], ['undone', 'endpoint-taken'])
  assert.equal(served(engine, 'open'), 'blog-1')
})

test('a late holder of the lock writes no more, and its deployment is taken back by the next', async (t) => {
  const engine = await openEngine(t)
  await deploy(engine, '1')
  engine.onStart = () => {
    const holder = `${paths(engine).lock}.holder`
    const seen = JSON.parse(readFileSync(holder, 'utf8')) as { fence: number }
    writeFileSync(holder, JSON.stringify({ ...seen, fence: seen.fence + 1 }))
  }
  await assert.rejects(deploy(engine, '2'), { code: 'fenced' })
  const { unfinished = '' } = engine.state()
  const last = readJournal(paths(engine).journal, unfinished).at(-1)
  assert.deepEqual(
    [last?.type, last?.type === 'step-started' && last.step],
    ['step-started', 'start'],
  )
  engine.onStart = () => undefined
  assert.equal((await deploy(engine, '3')).outcome, 'succeeded')
})

test('stopped behind its commit, a deploy stays, and resume drains and stops the old one', async (t) => {
  const engine = await openEngine(t)
  await deploy(engine, '1')
  const stopping = new AbortController()
  engine.openConnections = () => {
    stopping.abort(new Error('Ctrl-C'))
    return 1
  }
  const release = await engine.pack({ version: '2' })
  const stopped = deployRelease(engine.as({ signal: stopping.signal }), { release })
  await assert.rejects(stopped, { code: 'aborted', message: /stopped before its last steps/ })
  assert.deepEqual([served(engine), engine.running.size], ['shop-2', 2])
  engine.openConnections = () => 0
  assert.equal((await resumeDeployment(engine.host, {})).outcome, 'succeeded')
  assert.deepEqual([...engine.running], ['shop/shop-2'])
})

test('the afterSwitch hook runs once the release is live, and never before', async (t) => {
  const engine = await openEngine(t)
  const file = join(engine.folder, 'announced')
  const hooks = { afterSwitch: { command: `readlink ../../current >> '${file}'` } }
  await startRelease(engine.host, {
    release: await engine.pack({ version: '1', manifest: { hooks } }),
  })
  assert.equal(existsSync(file), false)
  await connectEndpoint(engine.host, { endpoint: 'main', deploy: 'shop-1' })
  assert.equal(readFileSync(file, 'utf8'), 'deploys/shop-1\n')
})

test('a failing afterSwitch hook is told as partial; the release serves and the old one is stopped', async (t) => {
  const engine = await openEngine(t)
  await deploy(engine, '1')
  const hooks = { afterSwitch: { command: 'echo no network; exit 3' } }
  const { outcome, error } = await deploy(engine, '2', { manifest: { hooks } })
  assert.deepEqual([outcome, error?.step, error?.output], ['partial', 'after-switch', 'no network'])
  assert.deepEqual([served(engine), [...engine.running]], ['shop-2', ['shop/shop-2']])
})

test('a deploy whose afterStop hook fails counts as stopped all the same', async (t) => {
  const engine = await openEngine(t)
  const hooks = { afterStop: { command: 'exit 3' } }
  await deploy(engine, '1', { manifest: { hooks } })
  assert.equal((await deploy(engine, '2')).outcome, 'partial')
  assert.equal(engine.state().deploys['shop-1']?.wanted, 'stopped')
})

test('a stopped deploy starts again under its label, without a second migration', async (t) => {
  const engine = await openEngine(t)
  const file = join(engine.folder, 'migrations')
  const migrate = { command: `echo once >> '${file}'` }
  const release = await engine.pack({ version: '1', manifest: { migrate } })
  await startRelease(engine.host, { release, label: 'try' })
  await stopDeploy(engine.host, { deploy: 'try' })
  const { outcome, label } = await startRelease(engine.host, { release, label: 'try' })
  assert.deepEqual([outcome, label], ['succeeded', 'try'])
  assert.deepEqual([readFileSync(file, 'utf8'), engine.running.size], ['once\n', 1])
  await assert.rejects(startRelease(engine.host, { release, label: 'try' }), {
    code: 'label-exists',
  })
})

test('a rollback starts the recorded deploy again and rejects what it leaves', async (t) => {
  const engine = await openEngine(t)
  const first = await deploy(engine, '1')
  await deploy(engine, '2')
  const { outcome, label } = await rollBack(engine.host, { reason: 'slow' })
  assert.deepEqual([outcome, label, served(engine)], ['succeeded', 'shop-1', 'shop-1'])
  const { bindings, quarantine } = engine.state()
  assert.deepEqual(Object.values(quarantine)[0]?.reason, 'slow')
  const digests = bindings.map(({ stateDigest }) => stateDigest)
  assert.equal(digests[2], digests[0], 'the same is on the host as before')
  assert.equal(bindings[0]?.deployment, first.deployment)
})

test('disconnecting leaves the deploy running and says that nothing is served', async (t) => {
  const engine = await openEngine(t)
  await deploy(engine, '1')
  const { outcome, serving } = await disconnectEndpoint(engine.host, { endpoint: 'main' })
  assert.deepEqual([outcome, serving?.endpoints, engine.running.size], ['succeeded', [], 1])
  await assert.rejects(disconnectEndpoint(engine.host, { endpoint: 'main' }), { code: 'not-found' })
})
