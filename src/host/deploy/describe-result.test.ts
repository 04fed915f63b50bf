import assert from 'node:assert/strict'
import test from 'node:test'

import type { JournalEntry } from '../../steps/index.ts'
import { emptyAppState, withDeploy, type DeployEntry } from '../state/app-state.ts'
import { describeResult } from './describe-result.ts'

const release = { name: 'shop', version: '1', digest: 'd' }
const error = { code: 'unhealthy', message: 'answered 500' }

const started: JournalEntry = {
  type: 'started',
  at: 1000,
  kind: 'connect',
  by: 'ada',
  bootId: '',
  fence: 1,
  request: { release, label: 'shop-1', endpoints: ['main'], retires: [] },
  steps: ['switch'],
}

function describe(...entries: JournalEntry[]): ReturnType<typeof describeResult> {
  const table = {
    generation: 1,
    routes: {
      main: {
        endpoint: { name: 'main', app: undefined, serverNames: [], tls: undefined },
        target: { app: 'shop', label: 'shop-1', kind: 'tcp' as const, port: 1 },
        generation: 1,
      },
    },
  }
  const binding = {
    deployment: 'd0',
    at: 0,
    label: 'shop-1',
    release,
    role: undefined,
    contextHash: '',
    endpoints: [],
    stateDigest: '',
  }
  const entry: DeployEntry = {
    label: 'shop-1',
    release,
    wanted: 'running',
    port: 1,
    socketDirectory: undefined,
    driver: 'command',
    createdAt: 0,
    deployment: 'd0',
  }
  const state = withDeploy({ ...emptyAppState('shop'), bindings: [binding] }, entry)
  return describeResult(state, table, { deployment: 'd1', entries: [started, ...entries] })
}

test('a result has the outcome, the time it took, and what serves now by the routes', () => {
  const end: JournalEntry = { type: 'outcome', at: 1500, outcome: 'succeeded' }
  const { kind, outcome, milliseconds, serving, label } = describe(end)
  assert.deepEqual([kind, outcome, milliseconds, label], ['connect', 'succeeded', 500, 'shop-1'])
  assert.deepEqual(serving?.endpoints, ['main'])
})

test('a failure names its step', () => {
  const failed: JournalEntry = { type: 'step-failed', at: 2, step: 'switch', error }
  const end: JournalEntry = { type: 'outcome', at: 3, outcome: 'undone', error }
  assert.deepEqual(describe(failed, end).error, { ...error, step: 'switch' })
})

test('a step that failed and was repeated with success is no failure', () => {
  const failed: JournalEntry = { type: 'step-failed', at: 2, step: 'drain', error }
  const end: JournalEntry = { type: 'outcome', at: 3, outcome: 'succeeded' }
  assert.equal(describe(failed, end).error, undefined)
})

test('without an outcome something is owed: partial, with the last failure', () => {
  const failed: JournalEntry = { type: 'step-failed', at: 2, step: 'retire', error }
  const { outcome, error: told } = describe(failed)
  assert.deepEqual([outcome, told?.step], ['partial', 'retire'])
})
