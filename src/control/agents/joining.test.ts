import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import test from 'node:test'

import { manualClock } from '../../../test/support/manual-clock.ts'
import { makePrivateKey, parseIdentity } from '../../trust/index.ts'
import type { AgentRecords, LoginRecord } from '../storage/agent-records.ts'
import { BusyError, openAdmission } from './admission.ts'
import { judgeLogin } from './judge-login.ts'
import { openNonces } from './nonces.ts'
import { openSeen, seenGrain } from './seen.ts'
import { openSessions } from './sessions.ts'

const key = makePrivateKey(randomBytes)
const server = parseIdentity(key, 'a test')
const stranger = parseIdentity(makePrivateKey(randomBytes), 'a test')
const session = { agent: 'abcdefghijklmnop', expires: 1_795_190_000_000 }

test('a session is known to every server with the key, and to no other', () => {
  const text = openSessions(server).make(session)
  assert.deepEqual(openSessions(parseIdentity(key, 'another server')).open(text), session)
  assert.equal(openSessions(stranger).open(text), undefined)
  assert.match(text, /^[A-Za-z0-9_]{1,200}$/)
})

test('no letter of a session can be changed', () => {
  const sessions = openSessions(server)
  const text = sessions.make(session)
  for (let at = 0; at < text.length; at++) {
    const changed = `${text.slice(0, at)}${text[at] === 'a' ? 'b' : 'a'}${text.slice(at + 1)}`
    assert.equal(sessions.open(changed), undefined, changed)
  }
  for (const strange of ['', `${text}a`, text.slice(0, -1), ` ${text}`])
    assert.equal(sessions.open(strange), undefined)
})

test('a nonce counts for a minute, on every server with the key', async () => {
  const clock = manualClock()
  const [one, two] = [server, parseIdentity(key, 'another server')].map((identity) =>
    openNonces({ identity, clock, random: randomBytes }),
  )
  const nonce = one?.make() ?? Buffer.alloc(0)
  assert.equal(nonce.length, 32)
  assert.equal(two?.isFresh(nonce), true)
  assert.equal(openNonces({ identity: stranger, clock, random: randomBytes }).isFresh(nonce), false)
  for (let at = 0; at < 32; at++) {
    const changed = Buffer.from(nonce)
    changed[at] = (changed[at] ?? 0) ^ 1
    assert.equal(two?.isFresh(changed), false)
  }
  await clock.advance(60_000)
  assert.equal(two?.isFresh(nonce), true)
  await clock.advance(1)
  assert.equal(two?.isFresh(nonce), false)
})

const means = { server, random: randomBytes }
const fresh: LoginRecord = {
  state: 'active',
  publicKey: 'key',
  shown: undefined,
  given: undefined,
  lastNonce: null,
}

function nonceAt(time: number): Buffer {
  const nonce = randomBytes(32)
  nonce.writeUIntBE(time, 0, 6)
  return nonce
}

/** Logs in with each state in turn; answers the last verdict, and the record and state it left. */
function loginWith(record: LoginRecord, joinState: Parameters<typeof judgeLogin>[0]['joinState']) {
  const shown = { agent: 'a', publicKey: 'key', nonce: nonceAt(Date.now()), joinState }
  return judgeLogin(shown, record, means)
}

test('after a backup of the server was put back, agents go on and copies are still found', () => {
  const first = loginWith(fresh, undefined)
  assert.ok(first.kind === 'in')
  const backup = first.record
  const second = loginWith(first.record, first.joinState)
  assert.ok(second.kind === 'in')
  const third = loginWith(second.record, second.joinState)
  assert.ok(third.kind === 'in')
  // The backup knows of the first login only; the agent has a state of the third, and a copy one of the second.
  const after = loginWith(backup, third.joinState)
  assert.ok(after.kind === 'in')
  assert.ok(after.joinState.counter > third.joinState.counter)
  assert.equal(loginWith(after.record, second.joinState).kind, 'quarantine')
  assert.equal(loginWith(after.record, after.joinState).kind, 'in')
})

test('a login is decided by key, state, nonce and join state, in this order', () => {
  const nonce = nonceAt(1000)
  const shown = { agent: 'a', publicKey: 'key', nonce, joinState: undefined }
  const kindOf = (record: LoginRecord | undefined) => judgeLogin(shown, record, means).kind
  assert.equal(kindOf(undefined), 'unknown')
  assert.equal(kindOf({ ...fresh, publicKey: 'another', state: 'quarantined' }), 'unknown')
  assert.equal(kindOf({ ...fresh, state: 'quarantined' }), 'quarantined')
  assert.equal(kindOf({ ...fresh, lastNonce: nonce.toString('base64url') }), 'stale')
  assert.equal(kindOf({ ...fresh, lastNonce: nonceAt(1001).toString('base64url') }), 'stale')
  assert.equal(kindOf({ ...fresh, lastNonce: nonceAt(999).toString('base64url') }), 'in')
  assert.equal(kindOf({ ...fresh, shown: { counter: 1, nonce: 'n' } }), 'quarantine')
})

test('so much work is done at once, so much waits, and the rest is told when to come again', async () => {
  const admission = openAdmission({ atOnce: 2, waiting: 3 }, () => 0.5)
  const ends: (() => void)[] = []
  let done = 0
  const work = async (): Promise<void> => {
    await new Promise<void>((resolve) => ends.push(resolve))
    done += 1
  }
  const admitted = Array.from({ length: 5 }, () => admission.run(work))
  await assert.rejects(admission.run(work), (thrown) => {
    assert.ok(thrown instanceof BusyError)
    assert.equal(thrown.seconds, 6)
    return true
  })
  assert.equal(ends.length, 2)
  while (done < 5) {
    ends.shift()?.()
    await new Promise(setImmediate)
    assert.ok(ends.length <= 2)
  }
  await Promise.all(admitted)
  const failing = admission.run(() => Promise.reject(new Error('no')))
  await assert.rejects(failing, /no/)
  assert.equal(await admission.run(() => Promise.resolve(1)), 1)
})

test('who is heard of after a silence is written soon, and then once in fifteen seconds, all together', async () => {
  const clock = manualClock()
  const written: (readonly string[])[] = []
  const noteSeen = async (ids: readonly string[]): Promise<void> => {
    await Promise.resolve()
    written.push(ids)
  }
  const seen = openSeen({ agents: { noteSeen } as Partial<AgentRecords> as AgentRecords }, clock)
  for (let count = 0; count < 100; count++) seen.note(count % 2 === 0 ? 'a' : 'b')
  await clock.advance(199)
  assert.deepEqual(written, [])
  await clock.advance(1)
  assert.deepEqual(written, [['a', 'b']])
  for (let count = 0; count < 100; count++) seen.note(count % 2 === 0 ? 'a' : 'b')
  await clock.advance(seenGrain - 201)
  assert.equal(written.length, 1)
  await clock.advance(1)
  assert.deepEqual(written[1], ['a', 'b'])
  await clock.advance(seenGrain)
  assert.equal(written.length, 2)
  const leave = seen.stay('b')
  await clock.advance(seenGrain)
  assert.deepEqual(written[2], ['b'])
  leave()
  await clock.advance(seenGrain)
  assert.equal(written.length, 3)
  seen.note('c')
  await seen.close()
  assert.deepEqual(written[3], ['c'])
})
