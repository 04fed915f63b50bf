import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { afterwards } from '../../../test/support/afterwards.ts'
import { manualClock } from '../../../test/support/manual-clock.ts'
import { temporaryFolder } from '../../../test/support/temp-folder.ts'
import { openStorage } from '../storage/open-storage.ts'
import { makeFirstAdmin } from './first-admin.ts'
import { formatScope, parseScope } from './scopes.ts'
import { openTokens } from './tokens.ts'

const hour = 60 * 60_000

async function tokensUnderTest(t: TestContext) {
  const storage = await openStorage({ kind: 'sqlite', path: join(temporaryFolder(t), 'a.db') })
  afterwards(t, () => storage.close())
  const clock = manualClock()
  return { storage, clock, tokens: openTokens({ storage, clock, random: randomBytes }) }
}

for (const scope of [
  'viewer',
  'agent',
  'auditor',
  'admin',
  'trigger:shop',
  'trigger:a,B.c_d-9',
  'deployer:shop/production',
  'approver:shop/qa',
]) {
  test(`the scope ${scope} is read and written as itself`, () =>
    assert.equal(formatScope(parseScope(scope)), scope))
}

for (const scope of [
  '',
  'root',
  'Viewer',
  'viewer ',
  'viewer:shop',
  'admin:x',
  'trigger',
  'trigger:',
  'trigger:a,',
  'trigger:*',
  'trigger:../x',
  'trigger:a b',
  'deployer',
  'deployer:shop',
  'deployer:shop/',
  'deployer:/production',
  'deployer:*/production',
  'deployer:shop/production/x',
  'approver',
  '__proto__',
  `trigger:${'a,'.repeat(100)}a`,
]) {
  test(`${JSON.stringify(scope.slice(0, 40))} is no scope`, () => {
    assert.throws(() => parseScope(scope), { code: 'request-invalid' })
  })
}

test('a token is good until its time, and a use is recorded once a minute', async (t) => {
  const { storage, clock, tokens } = await tokensUnderTest(t)
  const scope = { kind: 'viewer' } as const
  const { text, token } = await tokens.create({ scope, note: '', life: hour, by: 'me' })
  const begun = clock.now()
  await tokens.authenticate(text.reveal())
  await clock.advance(59_000)
  assert.deepEqual(await tokens.authenticate(text.reveal()), { id: token.id, scope })
  assert.equal((await storage.tokens.find([token.id])).get(token.id)?.usedAt, begun)
  await clock.advance(2000)
  await tokens.authenticate(text.reveal())
  assert.equal((await storage.tokens.find([token.id])).get(token.id)?.usedAt, begun + 61_000)
  await clock.advance(hour - 61_001)
  await tokens.authenticate(text.reveal())
  await clock.advance(1)
  await assert.rejects(tokens.authenticate(text.reveal()), { code: 'unauthenticated' })
})

test('no token lives for more than a year, or for no time', async (t) => {
  const { tokens } = await tokensUnderTest(t)
  for (const life of [0, -1, Number.NaN, 365 * 24 * hour + 1]) {
    const request = { scope: { kind: 'viewer' } as const, note: '', life, by: 'me' }
    await assert.rejects(tokens.create(request), { code: 'request-invalid' })
  }
})

test('a token whose kept scope was widened is worth nothing', async (t) => {
  const { storage, clock, tokens } = await tokensUnderTest(t)
  const scope = { kind: 'viewer' } as const
  const { text } = await tokens.create({ scope, note: '', life: hour, by: 'me' })
  const widened = {
    ...storage,
    tokens: {
      ...storage.tokens,
      find: async (ids: readonly string[]) => {
        const found = await storage.tokens.find(ids)
        const wide = { scope: 'admin', kind: 'admin' }
        return new Map([...found].map(([id, stored]) => [id, { ...stored, ...wide }]))
      },
    },
  }
  const other = openTokens({ storage: widened, clock, random: randomBytes })
  await assert.rejects(other.authenticate(text.reveal()), { code: 'state-corrupt' })
})

test('the first admin token is made anew until it is used, and never after', async (t) => {
  const { storage, clock, tokens } = await tokensUnderTest(t)
  const first = await makeFirstAdmin(tokens, storage, clock)
  // Whoever started the server was killed before it could be read.
  const second = await makeFirstAdmin(tokens, storage, clock)
  await assert.rejects(tokens.authenticate(first?.reveal() ?? ''), { code: 'unauthenticated' })
  const { id } = await tokens.authenticate(second?.reveal() ?? '')
  assert.equal(await makeFirstAdmin(tokens, storage, clock), undefined)
  await tokens.revoke(id)
  assert.equal(await makeFirstAdmin(tokens, storage, clock), undefined)
})
