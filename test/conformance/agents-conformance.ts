import assert from 'node:assert/strict'

import type { Storage } from '../../src/control/index.ts'
import { openRevisions } from '../../src/control/agents/revisions.ts'
import type { EnrolResult, LoginRecord } from '../../src/control/storage/agent-records.ts'
import type { HostReport } from '../../src/protocol/index.ts'
import { Secret, systemClock } from '../../src/system/index.ts'
import { afterwards } from '../support/afterwards.ts'
import { open, type Story } from '../support/database-under-test.ts'

const hash = 'f'.repeat(64)

/** What agents, join tokens and the servers' key must do on every database. */
export function agentsConformance(story: Story): void {
  story('the first private key is that of every server, for ever', async (t, under) => {
    const storage = await open(t, under)
    const [one, other] = [new Secret('one'), new Secret('other')]
    const kept = await Promise.all([one, one].map((key) => storage.keepPrivateKey(key, 1)))
    assert.deepEqual([...new Set(kept.map((key) => key.reveal()))], ['one'])
    assert.equal((await storage.keepPrivateKey(other, 2)).reveal(), 'one')
  })

  story('of many that come with the last use of a token one becomes an agent', async (t, under) => {
    const storage = await open(t, under)
    await addToken(storage, { usesLeft: 1 })
    const coming = ['a', 'b', 'c', 'd'].map((id) => enrol(storage, id))
    const kinds = (await Promise.all(coming)).map(({ kind }) => kind)
    assert.deepEqual(kinds.toSorted(), ['enrolled', ...Array(3).fill('token-refused')])
    const winner = (await storage.agents.list({ after: '', limit: 9 }))[0]
    const again = await enrol(storage, 'z', { publicKey: `key-${winner?.id ?? ''}`, at: 99_999 })
    assert.ok(again.kind === 'enrolled' && again.isRepeat && again.agent.id === winner?.id)
  })

  story('a token that is over, revoked or misspelled makes no agent', async (t, under) => {
    const storage = await open(t, under)
    await addToken(storage, { usesLeft: 9 })
    assert.equal((await enrol(storage, 'a', { at: 10_000 })).kind, 'token-refused')
    const wrong = { id: 'token', hash: 'e'.repeat(64) }
    assert.equal((await enrol(storage, 'a', { token: wrong })).kind, 'token-refused')
    assert.equal(await storage.joinTokens.revoke('token', 5), true)
    assert.equal(await storage.joinTokens.revoke('none', 5), false)
    assert.equal((await enrol(storage, 'a')).kind, 'token-refused')
    assert.equal((await storage.joinTokens.list({ after: '', limit: 9 }))[0]?.revokedAt, 5)
  })

  story('names and keys are unique, and both are free again after a removal', async (t, under) => {
    const { agents, ...storage } = await withAgents(t, under, ['a', 'b'])
    assert.equal((await enrol({ agents, ...storage }, 'c', { name: 'a' })).kind, 'name-taken')
    assert.equal(await agents.rename('a', 'b'), 'b')
    assert.equal(await agents.rename('a', 'c'), undefined)
    assert.equal((await agents.find('c'))?.id, 'a')
    assert.equal(await agents.remove('a'), true)
    assert.equal(await agents.remove('a'), false)
    assert.equal((await enrol({ agents, ...storage }, 'c')).kind, 'enrolled')
  })

  story('logins of one agent see each other, whoever comes at once', async (t, under) => {
    const { agents } = await withAgents(t, under, ['a', 'b'])
    const logins = Array.from({ length: 20 }, (_, index) => ({
      agent: index % 2 === 0 ? 'a' : 'b',
      at: 5,
      decide: (record: LoginRecord | undefined) => record && counted(record),
    }))
    await Promise.all([agents.login(logins.slice(0, 11)), agents.login(logins.slice(11))])
    for (const agent of ['a', 'b'])
      await agents.login([{ agent, at: 5, decide: (record) => expectGiven(record, 10) }])
    await agents.login([
      { agent: 'none', at: 5, decide: (record) => expectGiven(record, undefined) },
    ])
  })

  story('whoever changes agents wakes who waits for them, and nobody else', async (t, under) => {
    const storage = await withAgents(t, under, ['a', 'b', 'c', 'd'])
    const revisions = openRevisions({ storage, clock: systemClock, pollEvery: 60_000 })
    afterwards(t, () => revisions.close())
    const wait = (id: string, after: number) =>
      revisions.waitBeyond(id, after, { timeout: 20_000 }).then(() => id)
    const begun = performance.now()
    const waits = ['a', 'b', 'c', 'd'].map((id) => wait(id, 1))
    assert.equal(await wait('none', 5), 'none')
    await storage.agents.bumpRevisions(['b', 'none', 'b'])
    assert.equal(await Promise.race(waits), 'b')
    await storage.agents.remove('c')
    assert.equal(await Promise.race(waits.toSpliced(1, 1)), 'c')
    const stop = {
      agent: 'd',
      at: 5,
      decide: (record: LoginRecord | undefined) => record && stopped(record),
    }
    await storage.agents.login([stop])
    assert.equal(await Promise.race(waits.toSpliced(1, 2)), 'd')
    assert.ok(performance.now() - begun < 15_000, 'one came by the time-out')
    assert.deepEqual((await revisions.standing('b'))?.revision, 2)
    assert.equal(revisions.waiting(), 1)
  })

  story('the sum of all agents changes whenever one of them does', async (t, under) => {
    const { agents } = await withAgents(t, under, ['a', 'b'])
    const sums = [await agents.totals()]
    await agents.noteSeen(['a'], 5)
    assert.equal(await agents.totals(), sums[0])
    await agents.bumpRevisions(['a'])
    sums.push(await agents.totals())
    await agents.login([{ agent: 'b', at: 5, decide: (record) => record && stopped(record) }])
    sums.push(await agents.totals())
    await agents.remove('b')
    sums.push(await agents.totals())
    assert.equal(new Set(sums).size, 4)
  })

  story('when an agent was seen never goes back', async (t, under) => {
    const { agents } = await withAgents(t, under, ['a', 'b'])
    await agents.noteSeen(['a'], 5)
    await agents.noteSeen(['a', 'b', 'none'], 4)
    const seen = (await agents.list({ after: '', limit: 9 })).map(({ seenAt }) => seenAt)
    assert.deepEqual(seen, [5, 4])
  })

  story('reports count once each, in whatever order they come', async (t, under) => {
    const { agents, desires } = await withAgents(t, under, ['a'])
    const take = async (agent: string, reports: readonly HostReport[]) =>
      (await desires.takeReports(agent, reports, 1))?.upTo
    const alarm = { kind: 'alarm', code: 'x', message: 'm' } as const
    const report = (number: number) => ({ number, at: number, body: alarm })
    assert.equal(await take('a', [report(2), report(1)]), 2)
    assert.equal(await take('a', [report(1)]), 2)
    const observed = { kind: 'observed' as const, apps: [], version: '1', freeBytes: 1 }
    assert.equal(await take('a', [{ number: 3, at: 7, body: observed }]), 3)
    assert.equal(await take('none', [report(1)]), undefined)
    const { observed: kept, observedAt, reported } = (await agents.find('a')) ?? {}
    assert.deepEqual([JSON.parse(kept ?? ''), observedAt, reported], [observed, 7, 3])
  })
}

async function withAgents(
  t: Parameters<typeof open>[0],
  under: Parameters<typeof open>[1],
  ids: readonly string[],
): Promise<Storage> {
  const storage = await open(t, under)
  await addAgents(storage, ids)
  return storage
}

/** Enrols agents, each with revision 1. */
export async function addAgents(storage: Storage, ids: readonly string[]): Promise<void> {
  await addToken(storage, { usesLeft: 100 })
  for (const id of ids) assert.equal((await enrol(storage, id)).kind, 'enrolled')
}

async function addToken({ joinTokens }: Storage, { usesLeft }: { usesLeft: number }) {
  const times = { createdAt: 1, createdBy: 'me', expiresAt: 1000 }
  const token = { id: 'token', hash, labels: { app: 'shop' }, usesLeft, ...times }
  await joinTokens.add(token)
  await joinTokens.add({ ...token, usesLeft: usesLeft + 1 })
}

async function enrol(
  { agents }: Pick<Storage, 'agents'>,
  id: string,
  given: object = {},
): Promise<EnrolResult> {
  const usual = { token: { id: 'token', hash }, id, name: id, publicKey: `key-${id}`, at: 2 }
  return await agents.enrol({ ...usual, ...given })
}

function expectGiven(record: LoginRecord | undefined, counter: number | undefined): undefined {
  assert.equal(record?.given?.counter, counter)
}

function counted(record: LoginRecord): LoginRecord {
  return { ...record, given: { counter: (record.given?.counter ?? 0) + 1, nonce: 'n' } }
}

function stopped(record: LoginRecord): LoginRecord {
  return { ...record, state: 'quarantined' }
}
