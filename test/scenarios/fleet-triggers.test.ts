import assert from 'node:assert/strict'
import test from 'node:test'

import { serverUnderTest, type ServerUnderTest } from '../support/control-server.ts'
import { fleetAgent } from '../support/fleet-agent.ts'
import { publishSample } from '../support/publish-sample.ts'
import { waitUntil } from '../support/wait-until.ts'

const to = { app: 'shop', env: 'production' }
const sources = ['token']
const settings = {
  origin: 'https://agents.test',
  triggers: {
    shop: { sources, starts: { deploy: { app: 'shop', to } } },
    refresh: { sources, starts: { script: 'refresh', to } },
    plain: { sources },
  },
}

async function raise({ ask }: ServerUnderTest, token: string, trigger: string) {
  const answer = await ask(token, 'POST', `/v1/triggers/${trigger}`)
  assert.equal(answer.status, 201, answer.text)
  return answer.body as { sequence: number; starts: string | null }
}

/** What became of each raise from 1 on: what it started, or `→ n` for the later one in its place. */
async function outcomes({ ask, admin }: ServerUnderTest, trigger: string, count: number) {
  const events = Array.from({ length: count }, async (_, index) => {
    const { body } = await ask(admin, 'GET', `/v1/triggers/${trigger}/events/${index + 1}`)
    const { outcome, supersededBy } = body as Record<string, string | number | null>
    return supersededBy === null ? outcome : `→ ${supersededBy}`
  })
  return await Promise.all(events)
}

test('a raise starts its deployment, and of those that wait the last one wins', async (t) => {
  const under = await serverUnderTest(t, settings)
  const { server, admin, folder } = under
  await publishSample(server.url, admin, { folder, name: 'shop' })
  const token = await under.token('trigger:shop,plain')
  const host = await fleetAgent(under, 'web-1')
  const held = host.poll(25)
  const first = await raise(under, token, 'shop')
  assert.equal((await held)?.apps[0]?.deployment, first.starts)
  const others = [await raise(under, token, 'shop'), await raise(under, token, 'shop')]
  assert.deepEqual(await outcomes(under, 'shop', 3), [first.starts, null, null])
  await host.follow('committed')
  const third = others[1]?.starts
  await host.until(({ deployment }) => deployment === third)
  assert.deepEqual(await outcomes(under, 'shop', 3), [first.starts, '→ 3', third])
  assert.equal((await raise(under, token, 'plain')).starts, null)
  const { body } = await under.ask(admin, 'GET', `/v1/deployments/${String(third)}`)
  assert.deepEqual([body['by'], body['source']], ['shop/3', 'trigger'])
})

test('a raise that can start nothing says why', async (t) => {
  const under = await serverUnderTest(t, settings)
  const token = await under.token('trigger:shop,refresh')
  await raise(under, token, 'shop')
  await raise(under, token, 'refresh')
  await waitUntil(async () => !(await outcomes(under, 'shop', 1)).includes(null))
  await waitUntil(async () => !(await outcomes(under, 'refresh', 1)).includes(null))
  assert.deepEqual(await outcomes(under, 'shop', 1), ['failed: no release of shop is "latest"'])
  assert.deepEqual(await outcomes(under, 'refresh', 1), ['failed: no agent has these labels'])
})

test('a raise runs its script on every host once, the last one where several wait', async (t) => {
  const under = await serverUnderTest(t, settings)
  const token = await under.token('trigger:refresh')
  const [one, two] = [await fleetAgent(under, 'web-1'), await fleetAgent(under, 'web-2')]
  const held = [one.poll(25), two.poll(25)]
  const { starts } = await raise(under, token, 'refresh')
  const orders = (await Promise.all(held)).map((desired) => desired?.scripts[0])
  assert.deepEqual(
    orders.map((order) => [order?.script, order?.trigger, order?.sequence, order?.by]),
    [one, two].map(() => ['refresh', 'refresh', 1, 'refresh/1']),
  )
  assert.equal(orders[0]?.run, `${String(starts)}.${one.agent.id}`)
  await one.report({ kind: 'script-state', run: orders[0]?.run ?? '', state: 'running' })
  await raise(under, token, 'refresh')
  await raise(under, token, 'refresh')
  await waitUntil(async () => (await outcomes(under, 'refresh', 3))[2] !== null)
  await one.poll(0)
  await two.poll(0)
  const sequences = [one, two].map((host) =>
    host.desired()?.scripts.map(({ sequence }) => sequence),
  )
  assert.deepEqual(sequences, [[1, 3], [3]])
  for (const { run } of one.desired()?.scripts ?? [])
    await one.report({ kind: 'script-state', run, state: 'succeeded' })
  await one.poll(0)
  assert.deepEqual(one.desired()?.scripts, [])
  const runs = await under.ask(under.admin, 'GET', `/v1/runs/${String(starts)}`)
  assert.deepEqual(
    (runs.body['runs'] as { name: string; state: string }[]).map(({ name, state }) => [
      name,
      state,
    ]),
    [
      ['web-1', 'succeeded'],
      ['web-2', 'superseded'],
    ],
  )
})

test('what a script printed is for those who may read it', async (t) => {
  const under = await serverUnderTest(t, settings)
  const host = await fleetAgent(under, 'web-1')
  const { starts } = await raise(under, await under.token('trigger:refresh'), 'refresh')
  await waitUntil(async () => ((await host.poll(1))?.scripts.length ?? 0) > 0)
  const [order] = host.desired()?.scripts ?? []
  const event = { type: 'script-output', number: 1, text: 'a secret word' }
  await host.report({ kind: 'script-event', run: order?.run ?? '', event })
  const error = { code: 'command-failed', message: 'status 1', output: 'a secret word' }
  await host.report({ kind: 'script-state', run: order?.run ?? '', state: 'failed', error })
  const place = `/v1/runs/${String(starts)}`
  const seenBy = async (scope: string, path: string) =>
    await under.ask(await under.token(scope), 'GET', path)
  for (const path of [place, `${place}/agents/web-1/events`])
    assert.match((await seenBy('deployer:shop/production', path)).text, /a secret word/)
  const viewed = await seenBy('viewer', place)
  assert.match(viewed.text, /status 1/)
  assert.doesNotMatch(viewed.text, /a secret word/)
  assert.equal((await seenBy('viewer', `${place}/agents/web-1/events`)).status, 403)
  assert.equal((await seenBy('deployer:shop/qa', `${place}/agents/web-1/events`)).status, 404)
})
