import assert from 'node:assert/strict'
import test from 'node:test'

import { serverUnderTest, type ServerUnderTest } from '../support/control-server.ts'
import { fleetAgent } from '../support/fleet-agent.ts'
import { publishSample } from '../support/publish-sample.ts'
import { waitUntil } from '../support/wait-until.ts'

const settings = { origin: 'https://agents.test' }
const wanted = { app: 'shop', to: { app: 'shop', env: 'production' } }

async function publish({ server, admin, folder }: ServerUnderTest, version = '1.0.0') {
  return await publishSample(server.url, admin, { folder, name: 'shop', version })
}

async function deploymentOf({ ask, admin }: ServerUnderTest, id: string) {
  const answer = await ask(admin, 'GET', `/v1/deployments/${id}`)
  assert.equal(answer.status, 200, answer.text)
  return answer.body as { state: string; hosts: { name: string; owed: boolean; state: string }[] }
}

test('a deployment reaches every host that fits, and only those, and commits for all', async (t) => {
  const under = await serverUnderTest(t, settings)
  const digest = await publish(under)
  const deployer = await under.token('deployer:shop/production')
  const hosts = [await fleetAgent(under, 'web-1'), await fleetAgent(under, 'web-2')]
  const other = await fleetAgent(under, 'qa-1', { app: 'shop', env: 'qa' })
  const asked = await under.ask(deployer, 'POST', '/v1/deployments', wanted)
  assert.equal(asked.status, 201, asked.text)
  const id = String(asked.body['id'])
  const following = hosts.map((host) => host.follow('committed'))
  await Promise.all(following)
  assert.equal((await deploymentOf(under, id)).state, 'succeeded')
  assert.equal(hosts[0]?.desired()?.apps[0]?.release.digest, digest)
  await other.poll(0)
  assert.deepEqual(other.desired()?.apps, [])
  const { hosts: fleet } = (await under.ask(deployer, 'GET', '/v1/fleet')).body as {
    hosts: { name: string; apps: { desired: { state: string; version: string } }[] }[]
  }
  assert.deepEqual(
    fleet.map(({ name, apps }) => [name, apps[0]?.desired.state]),
    [
      ['qa-1', undefined],
      ['web-1', 'committed'],
      ['web-2', 'committed'],
    ],
  )
})

test('events are followed by their numbers, and output is for those who may read it', async (t) => {
  const under = await serverUnderTest(t, settings)
  await publish(under)
  const [deployer, viewer] = [
    await under.token('deployer:shop/production'),
    await under.token('viewer'),
  ]
  const host = await fleetAgent(under, 'web-1')
  const id = String((await under.ask(deployer, 'POST', '/v1/deployments', wanted)).body['id'])
  const held = under.ask(viewer, 'GET', `/v1/deployments/${id}/events?after=1&wait=25`)
  await host.until(() => true)
  const event = { type: 'output', step: 'migrate', line: 'a line' }
  await host.report({ kind: 'deployment-event', deployment: id, event })
  const shown = (await held).body['events'] as object[]
  assert.ok(shown.length > 0)
  await host.follow('committed')
  const all = async (token: string) =>
    (await under.ask(token, 'GET', `/v1/deployments/${id}/events`)).text
  assert.doesNotMatch(await all(viewer), /a line/)
  assert.match(await all(deployer), /a line/)
})

test('one host that fails takes all back, and its release is rejected everywhere', async (t) => {
  const under = await serverUnderTest(t, settings)
  const digest = await publish(under)
  const deployer = await under.token('deployer:shop/production')
  const [good, bad] = [await fleetAgent(under, 'web-1'), await fleetAgent(under, 'web-2')]
  const id = String((await under.ask(deployer, 'POST', '/v1/deployments', wanted)).body['id'])
  const following = good.follow('undone')
  const error = { code: 'unhealthy', message: 'no answer' }
  await bad.come('undone', { error, rejects: true })
  await following
  await waitUntil(async () => (await deploymentOf(under, id)).state === 'undone')
  assert.deepEqual(
    good.desired()?.rejected.map((release) => release.digest),
    [digest],
  )
  const again = await under.ask(deployer, 'POST', '/v1/deployments', wanted)
  assert.deepEqual(
    [again.status, (again.body['error'] as { code: string }).code],
    [409, 'quarantined'],
  )
  const place = `/v1/rejected/shop/${digest}`
  const mended = { reason: 'the database was mended' }
  assert.equal((await under.ask(under.admin, 'DELETE', place, {})).status, 400)
  assert.equal((await under.ask(under.admin, 'DELETE', place, mended)).status, 200)
  assert.equal((await under.ask(deployer, 'POST', '/v1/deployments', wanted)).status, 201)
  const audit = (await under.ask(under.admin, 'GET', '/v1/audit')).text
  for (const what of ['request-deployment', 'reject-release', 'lift-release'])
    assert.ok(audit.includes(what), what)
})

test('an admin deploys only with a reason, and the reason is kept', async (t) => {
  const under = await serverUnderTest(t, settings)
  await publish(under)
  await fleetAgent(under, 'web-1')
  const silent = await under.ask(under.admin, 'POST', '/v1/deployments', wanted)
  assert.equal(silent.status, 400)
  const said = { ...wanted, reason: 'the deployer is ill' }
  assert.equal((await under.ask(under.admin, 'POST', '/v1/deployments', said)).status, 201)
  assert.match((await under.ask(under.admin, 'GET', '/v1/audit')).text, /the deployer is ill/)
})

test('a deployment is followed as a stream, and a reader that was away misses nothing', async (t) => {
  const under = await serverUnderTest(t, settings)
  await publish(under)
  const deployer = await under.token('deployer:shop/production')
  const host = await fleetAgent(under, 'web-1')
  const id = String((await under.ask(deployer, 'POST', '/v1/deployments', wanted)).body['id'])
  const url = `${under.server.url}/v1/deployments/${id}/stream?after=0`
  const first = await readStream(url, deployer, { until: 'preparing' })
  assert.deepEqual(first.states, ['requested', 'preparing'])
  const following = readStream(url, deployer, { until: 'succeeded', lastId: first.lastId })
  await host.follow('committed')
  assert.deepEqual((await following).states, ['switching', 'committed', 'succeeded'])
})

/** Reads server-sent events until the deployment has come to a state; answers its states. */
async function readStream(
  url: string,
  token: string,
  { until, lastId }: { readonly until: string; readonly lastId?: string },
) {
  const resume = lastId === undefined ? {} : { 'last-event-id': lastId }
  const headers = { authorization: `Bearer ${token}`, ...resume }
  const leaving = new AbortController()
  const answer = await fetch(url, { headers, signal: leaving.signal })
  assert.equal(answer.status, 200)
  const states: string[] = []
  let text = ''
  for await (const chunk of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk
    const blocks = text.split('\n\n').slice(0, -1)
    const seen = blocks.filter((block) => block.includes('event: deployment-deployment'))
    states.splice(
      0,
      states.length,
      ...seen.map((block) => /"state":"(\w+)"/.exec(block)?.[1] ?? ''),
    )
    if (states.at(-1) === until) break
  }
  leaving.abort()
  const ids = [...text.matchAll(/^id: (.*)$/gm)].map(([, id = '']) => id)
  return { states, lastId: ids.at(-1) ?? '' }
}
