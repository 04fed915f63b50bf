import assert from 'node:assert/strict'
import test from 'node:test'

import { appPaths } from './layout.ts'
import { chooseRemovals, type RetentionDecision, type RetentionInput } from './retention.ts'
import { emptyAppState, type AppState, type Binding, type DeployEntry } from './state/app-state.ts'

const paths = appPaths({ root: '/r', runDir: '/run' }, 'shop')

function release(version: string): Binding['release'] {
  return { name: 'shop', version, digest: `digest-${version}` }
}

function stateOf(bound: readonly string[], running: readonly string[]): AppState {
  const bindings = bound.map((version, at): Binding => ({
    deployment: `d${version}`,
    at,
    label: `shop-${version}`,
    release: release(version),
    role: undefined,
    contextHash: '',
    endpoints: [],
    stateDigest: '',
  }))
  const deploys = bound.map((version, at): DeployEntry => ({
    label: `shop-${version}`,
    release: release(version),
    wanted: running.includes(version) ? 'running' : 'stopped',
    port: 1,
    socketDirectory: undefined,
    driver: 'command',
    createdAt: at,
    deployment: `d${version}`,
  }))
  return {
    ...emptyAppState('shop'),
    bindings,
    deploys: Object.fromEntries(deploys.map((entry) => [entry.label, entry])),
  }
}

function decide(state: AppState, changes: Partial<RetentionInput> = {}): RetentionDecision {
  const versions = Object.values(state.deploys).map(({ release: { version } }) => version)
  return chooseRemovals({
    state,
    paths,
    retention: { keep: 1, bytes: 1000, diskFloor: 0, history: 2 },
    isConnected: () => false,
    sizeOf: () => 10,
    deploysOnDisk: versions.map((version) => `shop-${version}`),
    releasesOnDisk: versions.map((version) => `digest-${version}`),
    contextOf: () => undefined,
    contextsOnDisk: [],
    journals: [],
    leftLogs: [],
    ...changes,
  })
}

function names(decision: RetentionDecision, kind: string): string[] {
  return decision.removed
    .filter((removal) => removal.kind === kind)
    .map(({ path }) => path.split('/').at(-1) ?? '')
    .toSorted()
}

test('the current, the last good and the newest others are kept, the rest goes with its deploy', () => {
  const decision = decide(stateOf(['1', '2', '3', '4', '5'], ['5']))
  assert.deepEqual(names(decision, 'release'), ['digest-1', 'digest-2'])
  assert.deepEqual(names(decision, 'deploy'), ['shop-1', 'shop-2'])
})

test('what runs, what is connected and what is pinned is never removed', () => {
  const state = { ...stateOf(['1', '2', '3', '4', '5', '6'], ['1', '6']), pins: ['digest-2'] }
  const decision = decide(state, {
    retention: { keep: 0, bytes: 0, diskFloor: 0, history: 2 },
    isConnected: (label) => label === 'shop-3',
  })
  assert.deepEqual(names(decision, 'release'), ['digest-4'])
})

test('the last good one is not a rejected one', () => {
  const state = stateOf(['1', '2', '3'], ['3'])
  const rejected = { name: 'shop', version: '2', reason: '', by: '', at: 0 }
  const decision = decide(
    { ...state, quarantine: { 'digest-2': rejected } },
    { retention: { keep: 0, bytes: 1000, diskFloor: 0, history: 2 } },
  )
  assert.deepEqual(names(decision, 'release'), ['digest-2'])
})

test('the limit in bytes counts what must be kept first', () => {
  const decision = decide(stateOf(['1', '2', '3', '4'], ['4']), {
    retention: { keep: 9, bytes: 60, diskFloor: 0, history: 2 },
  })
  assert.deepEqual(names(decision, 'release'), ['digest-1'])
})

test('a directory that no record names goes, but not while a deployment is unfinished', () => {
  const state = stateOf(['1'], ['1'])
  assert.deepEqual(names(decide(state, { deploysOnDisk: ['shop-1', 'left'] }), 'deploy'), ['left'])
  assert.deepEqual(
    names(decide({ ...state, unfinished: 'd9' }, { deploysOnDisk: ['shop-1', 'left'] }), 'deploy'),
    [],
  )
})

test('journals and outputs beyond the history go', () => {
  const decision = decide(stateOf(['1'], ['1']), { journals: ['d3', 'd2', 'd1'] })
  assert.deepEqual(names(decision, 'log'), ['d1', 'd1.log'])
})

test('configurations that nothing kept was rendered with go; those of deploys and of kept archives stay', () => {
  const state = stateOf(['1', '2', '3', '4'], ['4'])
  const bindings = state.bindings.map((bound) => ({
    ...bound,
    contextHash: `c${bound.release.version}`,
  }))
  const decision = decide(
    { ...state, bindings },
    {
      retention: { keep: 0, bytes: 1000, diskFloor: 0, history: 2 },
      contextsOnDisk: ['c1', 'c2', 'c3', 'c4', 'started'],
      contextOf: (label) => (label === 'shop-4' ? 'started' : undefined),
    },
  )
  assert.deepEqual(names(decision, 'context'), ['c1.json', 'c2.json'])
})

test('logs of deploys that are gone stay for a while', () => {
  const decision = decide(stateOf(['1'], ['1']), { leftLogs: ['c.log', 'b.log', 'a.log'] })
  assert.deepEqual(names(decision, 'log'), ['a.log'])
})
