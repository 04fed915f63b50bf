import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import test from 'node:test'

import * as fc from 'fast-check'

import { identityOf } from './identity.ts'
import { judgeJoinState, nextJoinState, type JoinRecord, type JoinState } from './join-state.ts'

const server = identityOf(Buffer.alloc(32, 1))
const fresh: JoinRecord = { agent: 'web-3', shown: undefined, given: undefined }

/** A login: what the agent has afterwards, what the server has, and what it thought. */
function logIn(state: JoinState | undefined, record: JoinRecord) {
  const { verdict } = judgeJoinState(state, record, server)
  return { verdict, ...nextJoinState(state, record, { server, random: randomBytes }) }
}

test('an agent that shows what it was given last stays in step, and its counter grows', () => {
  let { state, record } = logIn(undefined, fresh)
  for (let login = 2; login < 20; login++) {
    const next = logIn(state, record)
    assert.equal(next.verdict, 'in-step')
    assert.equal(next.state.counter, login)
    ;({ state, record } = next)
  }
})

test('an agent whose answers were lost, once or several times, gets on', () => {
  const first = logIn(undefined, fresh)
  const used = logIn(first.state, first.record)
  const lost = logIn(first.state, used.record)
  const lostAgain = logIn(first.state, lost.record)
  assert.deepEqual([lost.verdict, lostAgain.verdict], ['repeated', 'repeated'])
  assert.equal(logIn(lostAgain.state, lostAgain.record).verdict, 'in-step')
})

test('an agent that never got its first state may ask again, and no longer once it has shown one', () => {
  const enrolled = logIn(undefined, fresh)
  assert.equal(judgeJoinState(undefined, enrolled.record, server).verdict, 'repeated')
  const used = logIn(enrolled.state, enrolled.record)
  assert.deepEqual(judgeJoinState(undefined, used.record, server), {
    verdict: 'out-of-step',
    reason: 'missing',
  })
})

test('a copy is noticed at the next login of either, whoever comes first', () => {
  const first = logIn(undefined, fresh)
  const both = logIn(first.state, first.record).state
  const atCopy = logIn(first.state, first.record).record
  for (const order of ['the copy', 'the original']) {
    // Both have the state "both" from here on.
    const record = { ...atCopy, given: { counter: both.counter, nonce: both.nonce } }
    const winner = logIn(both, record)
    assert.equal(winner.verdict, 'in-step', order)
    const loser = logIn(both, winner.record)
    assert.equal(loser.verdict, 'repeated', order)
    assert.equal(judgeJoinState(winner.state, loser.record, server).verdict, 'out-of-step', order)
  }
})

test('states that the agent did not get from this server are forged', () => {
  const { state, record } = logIn(undefined, fresh)
  const others = [
    { ...state, counter: 2 },
    { ...state, counter: 1.5 },
    { ...state, counter: Number.NaN },
    { ...state, nonce: '' },
    { ...state, agent: 'web-4' },
    { ...state, signature: '' },
    { ...state, signature: state.signature.slice(4) },
    nextJoinState(undefined, fresh, {
      server: identityOf(Buffer.alloc(32, 2)),
      random: randomBytes,
    }).state,
  ]
  for (const forged of others) {
    assert.deepEqual(judgeJoinState(forged, record, server), {
      verdict: 'out-of-step',
      reason: 'forged',
    })
  }
})

test('the reason tells another agent, an old state, a fork and a server that went back', () => {
  const start = logIn(undefined, fresh)
  const two = logIn(start.state, start.record)
  const three = logIn(two.state, two.record)
  const reasonOf = (state: JoinState, record: JoinRecord) => {
    const judged = judgeJoinState(state, record, server)
    return judged.verdict === 'out-of-step' ? judged.reason : judged.verdict
  }
  assert.equal(reasonOf(start.state, three.record), 'older')
  assert.equal(reasonOf(three.state, start.record), 'newer')
  assert.equal(
    reasonOf(logIn(undefined, { ...fresh, agent: 'db-1' }).state, three.record),
    'other-agent',
  )
  assert.equal(reasonOf(logIn(two.state, two.record).state, three.record), 'forked')
})

test('without a copy no lost answer ever puts an agent out of step; with one, two logins of each do', () => {
  const login = fc.record({ who: fc.nat(1), isLost: fc.boolean() })
  fc.assert(
    fc.property(fc.array(login, { maxLength: 30 }), (logins) => {
      let record = logIn(undefined, fresh).record
      let state: JoinState | undefined
      for (const { isLost } of logins) {
        const next = logIn(state, record)
        assert.notEqual(next.verdict, 'out-of-step')
        record = next.record
        if (!isLost) state = next.state
      }
    }),
  )
  fc.assert(
    fc.property(fc.shuffledSubarray([0, 0, 1, 1], { minLength: 4 }), (order) => {
      const start = logIn(undefined, fresh)
      let record = start.record
      const states = [start.state, start.state]
      const verdicts = order.map((who) => {
        const next = logIn(states[who], record)
        record = next.record
        states[who] = next.state
        return next.verdict
      })
      const last = logIn(states[order[0] ?? 0], record).verdict
      const other = logIn(states[1 - (order[0] ?? 0)], record).verdict
      assert.ok([...verdicts, last, other].includes('out-of-step'))
    }),
  )
})
