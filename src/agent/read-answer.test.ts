import assert from 'node:assert/strict'
import test from 'node:test'

import { agentAnswerSchemas, hostAnswerSchemas } from '../protocol/index.ts'
import { readHostAnswer, readRefusal } from './host/host-answers.ts'
import type { ReadAnswer } from './read-answer.ts'
import { readEnrolled, readLogin, readNonce, readPoll, readUpTo } from './server/server-answers.ts'

// What is read by hand must take what the schemas of the protocol take, and refuse what would be used wrongly.

const digest = 'a'.repeat(64)
const wants = [{ digest, size: 5 }]
const joinState = { agent: 'a', counter: 1, nonce: 'n', signature: 's' }
const desired = { epoch: 'e', revision: 3, at: 1, apps: [], rejected: [], scripts: [] }
const alarm = { kind: 'alarm' as const, code: 'x', message: 'm' }

interface Case {
  readonly read: ReadAnswer<unknown>
  readonly schema: { parse(value: unknown): unknown }
  readonly good: readonly object[]
  /** Each replaces members of the first good one. */
  readonly bad: readonly object[]
}

const { nonce, enrol, login, poll, reports } = agentAnswerSchemas
const cases: Readonly<Record<string, Case>> = {
  nonce: {
    read: readNonce,
    schema: nonce,
    good: [{ nonce: 'A'.repeat(43) }],
    bad: [{ nonce: 'A' }, { nonce: 1 }, { nonce: `${'A'.repeat(42)}=` }],
  },
  enrol: {
    read: readEnrolled,
    schema: enrol,
    good: [{ agent: 'a', name: 'n', labels: { app: 'shop' } }],
    bad: [{ agent: 1 }, { name: null }, { labels: [] }],
  },
  login: {
    read: readLogin,
    schema: login,
    good: [{ session: 'sls_x', expires: 2, at: 1, joinState }],
    bad: [
      { session: 'a\r\nb: c' },
      { session: '' },
      { expires: '2' },
      { at: -1 },
      { joinState: null },
      { joinState: { ...joinState, counter: 1.5 } },
    ],
  },
  poll: {
    read: readPoll,
    schema: poll,
    good: [{ at: 1, desired }, { at: 1 }],
    bad: [{ at: 'x' }, { desired: null }, { desired: { ...desired, revision: '3' } }],
  },
  upTo: {
    read: readUpTo,
    schema: reports,
    good: [{ upTo: 0 }],
    bad: [{ upTo: -1 }, { upTo: 'x' }],
  },
  hello: {
    read: readHostAnswer.hello,
    schema: hostAnswerSchemas.hello,
    good: [
      { host: 'h', version: '1', acknowledged: 0, wants, desired: { epoch: 'e', revision: 1 } },
      { host: 'h', version: '1', acknowledged: 7, wants: [] },
    ],
    bad: [
      { acknowledged: '1' },
      { desired: { epoch: 'e' } },
      { wants: [{ digest: '../x', size: 1 }] },
    ],
  },
  desire: {
    read: readHostAnswer.desire,
    schema: hostAnswerSchemas.desire,
    good: [{ wants }],
    bad: [
      { wants: undefined },
      { wants: [{ digest, size: 0 }] },
      { wants: [{ digest: `${digest}/`, size: 1 }] },
      { wants: Array.from({ length: 501 }, () => wants[0]) },
    ],
  },
  offer: {
    read: readHostAnswer.offer,
    schema: hostAnswerSchemas.offer,
    good: [{ taken: true }, { taken: false }],
    bad: [{ taken: 'yes' }],
  },
  reports: {
    read: readHostAnswer.reports,
    schema: hostAnswerSchemas.reports,
    good: [{ reports: [{ number: 1, at: 1, body: alarm }], wants }],
    bad: [{ reports: {} }, { reports: [{ number: 'x', at: 1, body: alarm }] }, { wants: {} }],
  },
  acknowledge: {
    read: readHostAnswer.acknowledge,
    schema: hostAnswerSchemas.acknowledge,
    good: [{ upTo: 3 }],
    bad: [{ upTo: null }],
  },
  refusal: {
    read: (value) => {
      const error = readRefusal(value)
      return error && { error }
    },
    schema: hostAnswerSchemas.refusal,
    good: [{ error: { code: 'x', message: 'm', hint: 'h' } }],
    bad: [{ error: {} }, { error: { code: 1, message: 'm' } }],
  },
}

for (const [name, { read, schema, good, bad }] of Object.entries(cases)) {
  test(`the answer ${name} is read as its schema says, and what is none is refused`, () => {
    for (const value of good) {
      schema.parse(value)
      const taken = read(value)
      assert.ok(typeof taken === 'object' && taken !== null, JSON.stringify(value))
      for (const [key, member] of Object.entries(taken))
        assert.deepEqual(member, (value as Record<string, unknown>)[key])
    }
    for (const change of bad) {
      const value = { ...good[0], ...change }
      assert.equal(read(value), undefined, JSON.stringify(value))
    }
    for (const nothing of [undefined, null, [], 'x', 3, {}]) assert.equal(read(nothing), undefined)
  })
}
