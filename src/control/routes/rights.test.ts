import assert from 'node:assert/strict'
import test from 'node:test'

import { joinAgent } from '../../../test/support/agent-under-test.ts'
import {
  serverUnderTest,
  type Asked,
  type ServerUnderTest,
} from '../../../test/support/control-server.ts'
import { publishSample } from '../../../test/support/publish-sample.ts'
import { waitUntil } from '../../../test/support/wait-until.ts'
import type { Route } from './route.ts'
import { routes } from './table.ts'

// Every route × every scope × an object of one's own and a foreign one. The rows below are written by hand from what
// scopes are for, so that a slip in the table of rights does not repeat itself here.

const scopes = {
  viewer: 'viewer',
  trigger: 'trigger:shop',
  deployer: 'deployer:shop/production',
  approver: 'approver:shop/production',
  agent: 'agent',
  auditor: 'auditor',
  admin: 'admin',
} as const

type ScopeName = keyof typeof scopes
/**
 * `own` is the trigger or app `shop` and what one raised oneself; `foreign` is `blog`, or what another token raised.
 * `none`: allowed, but nothing there is meant for this holder.
 */
type Expectation = 'any' | 'own' | 'none'

const everybody = Object.fromEntries(
  Object.keys(scopes).map((name) => [name, 'any' as const]),
) as Record<ScopeName, Expectation>
const readers = { viewer: 'any', deployer: 'any', approver: 'any', admin: 'any' } as const

const expected: Readonly<Record<string, Partial<Record<ScopeName, Expectation>>>> = {
  'raise-trigger': { trigger: 'own' },
  'read-trigger': readers,
  'list-triggers': readers,
  'read-event': { ...readers, trigger: 'own' },
  'follow-events': readers,
  'request-deployment': { deployer: 'own', admin: 'any' },
  'list-deployments': readers,
  'read-deployment': readers,
  'read-deployment-events': readers,
  'stream-deployment': readers,
  'cancel-deployment': { deployer: 'own', admin: 'any' },
  'read-runs': readers,
  'read-run-events': { deployer: 'own', approver: 'own', admin: 'any' },
  'read-fleet': readers,
  'release-hold': { deployer: 'own', admin: 'any' },
  'list-rejected': readers,
  'reject-release': { deployer: 'own', approver: 'own', admin: 'any' },
  'lift-release': { approver: 'own', admin: 'any' },
  'publish-release': { deployer: 'own', admin: 'any' },
  'sign-release': { deployer: 'own', admin: 'any' },
  'list-releases': readers,
  'show-release': readers,
  'read-release': readers,
  'fetch-release': { agent: 'none' },
  'use-relay': { agent: 'none' },
  'show-self': everybody,
  'list-tokens': { admin: 'any' },
  'create-token': { admin: 'any' },
  'revoke-token': { admin: 'any' },
  'read-audit': { auditor: 'any', admin: 'any' },
  'read-audit-head': { auditor: 'any', admin: 'any' },
  'show-metrics': { viewer: 'any', admin: 'any' },
  'poll-desired': { agent: 'any' },
  'take-reports': { agent: 'any' },
  'list-agents': readers,
  'remove-agent': { admin: 'any' },
  'rename-agent': { admin: 'any' },
  'create-join-token': { admin: 'any' },
  'list-join-tokens': { admin: 'any' },
  'revoke-join-token': { admin: 'any' },
}

test('every route with a right stands in the rows here, and no other', () => {
  const named = routes.filter(({ needs }) => needs !== undefined).map(({ name }) => name)
  assert.deepEqual(named.toSorted(), Object.keys(expected).toSorted())
})

test('each scope may do what it is for, and nothing else, on every route', async (t) => {
  const triggers = { shop: startsScript('shop'), blog: startsScript('blog') }
  const under = await serverUnderTest(t, { origin: 'https://agents.test', triggers })
  const { ask, token, server, admin, folder } = under
  const tokens = new Map<ScopeName, string>()
  const digests = {
    own: await publishSample(server.url, admin, { folder, name: 'shop' }),
    foreign: await publishSample(server.url, admin, { folder, name: 'blog' }),
  }
  for (const [name, scope] of Object.entries(scopes))
    if (name !== 'agent') tokens.set(name as ScopeName, await token(scope))
  // Agents have no tokens, but sessions.
  tokens.set('agent', (await joinAgent(under)).session)
  const other = await token('trigger:shop,blog')
  const own = tokens.get('trigger') ?? ''
  const first = await ask(own, 'POST', '/v1/triggers/shop')
  assert.equal(first.status, 201)
  assert.equal((await ask(other, 'POST', '/v1/triggers/shop')).body['sequence'], 2)
  for (const app of ['shop', 'blog'])
    await joinAgent(under, { name: `${app}-host`, labels: { app, env: 'production' } })
  const makers = { own: tokens.get('deployer') ?? '', foreign: admin }
  const deployments = {
    own: await requestOne(under, makers.own, 'shop'),
    foreign: await requestOne(under, makers.foreign, 'blog'),
  }
  const runs = {
    own: await startRuns(under, other, 'shop'),
    foreign: await startRuns(under, other, 'blog'),
  }
  let cases = 0
  for (const row of routes.filter(({ needs }) => needs !== undefined)) {
    for (const [scope, text] of tokens) {
      for (const object of ['own', 'foreign'] as const) {
        const event = row.name === 'read-event'
        const ids = { deployment: deployments[object], run: runs[object] }
        const named = { digest: digests[object], ...ids }
        const path = pathOf(row, { object, event, ...named })
        const answer = await ask(text, row.method, path, bodyOf(row.name, object))
        const reach = expected[row.name]?.[scope]
        const isNamed = /\{(trigger|app)\}/.test(row.path) || row.about !== undefined
        const isMeant = reach === 'any' || (reach === 'own' && (object === 'own' || !isNamed))
        assertVerdict(answer, { isMeant, reach }, `${scope} ${row.method} ${path}`)
        cases += 1
      }
    }
  }
  assert.equal(cases, Object.keys(expected).length * 7 * 2)
})

test('without a token, and with what is none, every such route is closed', async (t) => {
  const { ask } = await serverUnderTest(t)
  for (const row of routes.filter(({ needs }) => needs !== undefined)) {
    const named = { digest: 'a'.repeat(64), deployment: 'd-1', run: `s-${'a'.repeat(20)}` }
    const path = pathOf(row, { object: 'own', event: false, ...named })
    const answer = await ask('', row.method, path, bodyOf(row.name, 'own'))
    // Ten failures a minute are answered; then the address waits.
    assert.ok([401, 429].includes(answer.status), `${row.name} ${answer.status}`)
  }
})

test('what is not yours is answered exactly as what is not there', async (t) => {
  const { ask, token } = await serverUnderTest(t)
  const [one, other] = [await token('trigger:shop,gone'), await token('trigger:shop')]
  await ask(one, 'POST', '/v1/triggers/shop')
  const pairs = [
    [await ask(other, 'POST', '/v1/triggers/gone'), await ask(one, 'POST', '/v1/triggers/gone')],
    [
      await ask(other, 'GET', '/v1/triggers/shop/events/1'),
      await ask(one, 'GET', '/v1/triggers/shop/events/2'),
    ],
  ] as const
  for (const [foreign, absent] of pairs) {
    assert.deepEqual([foreign.status, absent.status], [404, 404])
    assert.equal(foreign.text.replaceAll(/\d/g, ''), absent.text.replaceAll(/\d/g, ''))
  }
})

function pathOf(
  { name: row, path }: Route,
  { object, event, digest, deployment, run }: Named,
): string {
  // The foreign event lies at the same trigger: another token raised it.
  const name = object === 'own' || event ? 'shop' : 'blog'
  const filled = path
    .replace('{trigger}', name)
    .replace('{sequence}', object === 'own' ? '1' : '2')
    .replace('{token}', 'AAAAAAAAAAA')
    .replace('{agent}', ofHosts.has(row) ? `${name}-host` : 'nobody')
    .replace('{digest}', digest)
    .replace('{deployment}', deployment)
    .replace('{run}', run)
    .replace('{app}', name)
  return `${filled}${queries[row] ?? ''}`.replace('{app}', name)
}

interface Named {
  readonly object: 'own' | 'foreign'
  readonly event: boolean
  readonly digest: string
  readonly deployment: string
  readonly run: string
}

const ofHosts = new Set(['release-hold', 'read-run-events'])

const queries: Readonly<Record<string, string>> = {
  'publish-release': '?app={app}',
  'sign-release': '?app={app}',
  'use-relay': '?url=YQ',
}

function wanted(app: string): object {
  return { app, to: { app, env: 'production' }, reason: 'a test' }
}

function startsScript(app: string): object {
  const to = { app, env: 'production' }
  return { sources: ['token'], starts: { script: 'refresh', to } }
}

/** Raises a trigger that starts a script; answers the id of its runs once they are there. */
async function startRuns({ ask, admin }: ServerUnderTest, token: string, trigger: string) {
  const raised = await ask(token, 'POST', `/v1/triggers/${trigger}`)
  const id = String(raised.body['starts'])
  await waitUntil(async () => (await ask(admin, 'GET', `/v1/runs/${id}`)).status === 200)
  return id
}

/** Asks for a deployment; answers its id. */
async function requestOne({ ask }: ServerUnderTest, token: string, app: string): Promise<string> {
  const made = await ask(token, 'POST', '/v1/deployments', wanted(app))
  assert.equal(made.status, 201, made.text)
  return String(made.body['id'])
}

function bodyOf(name: string, object: 'own' | 'foreign'): unknown {
  const bodies: Readonly<Record<string, unknown>> = {
    'request-deployment': wanted(object === 'own' ? 'shop' : 'blog'),
    'cancel-deployment': {},
    'reject-release': { reason: 'a test' },
    'lift-release': { reason: 'a test' },
    'create-token': { scope: 'viewer', life: '1h' },
    'create-join-token': {},
    'poll-desired': { epoch: null, revision: 0, wait: 0 },
    'take-reports': { reports: [] },
    'rename-agent': { name: 'another' },
    'sign-release': { statement: '{}', signatures: 'none' },
  }
  return bodies[name]
}

/** What a request is told that had the right to do what it asked for badly. */
const afterRights =
  /^there is no (join )?token |^there is no agent "nobody"|^the body is empty|^the statement|^there is no such release|^nothing of|has not ended$/

function assertVerdict(
  { status, body }: Asked,
  { isMeant, reach }: { readonly isMeant: boolean; readonly reach: Expectation | undefined },
  what: string,
): void {
  if (reach === undefined) return assert.equal(status, 403, what)
  const { message = '' } = (body['error'] ?? {}) as { message?: string }
  const isDone = status < 300 || afterRights.test(message)
  assert.equal(isDone, isMeant, `${what}: ${status} ${message}`)
  if (!isMeant) assert.equal(status, 404, what)
}
