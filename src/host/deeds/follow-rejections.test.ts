import assert from 'node:assert/strict'
import test from 'node:test'

import { openEngine } from '../../../test/support/engine.ts'
import { emptyAppState, type AppState } from '../state/app-state.ts'
import { followRejections, withRejections, type AppRejection } from './follow-rejections.ts'

const [bad, worse] = ['aa'.repeat(32), 'bb'.repeat(32)] as [string, string]
const lift = { by: 'the server', at: 9 }

function rejection(digest: string): AppRejection {
  return { digest, version: '1', reason: 'carts were empty', by: 'bob', at: 5 }
}

function rejectedHere(server?: 'told'): AppState {
  const words = { name: 'shop', version: '1', reason: 'rolled back', by: 'ada', at: 3 }
  const entry = server === undefined ? words : { ...words, server }
  return { ...emptyAppState('shop'), quarantine: { [bad]: entry } }
}

test('what the server rejects is rejected with its words, and lifted when it names it no more', () => {
  const rejected = withRejections(emptyAppState('shop'), [rejection(bad), rejection(worse)], lift)
  const { by, reason, server } = rejected.quarantine[bad] ?? {}
  assert.deepEqual([by, reason, server], ['bob', 'carts were empty', 'says'])
  const after = withRejections(rejected, [rejection(worse)], lift)
  assert.deepEqual(Object.keys(after.quarantine), [worse])
  assert.equal(after.lifts?.[0]?.reason, 'the server rejects it no more')
})

test('what was rejected on this host alone stays, whatever the server names', () => {
  const here = rejectedHere()
  const named = withRejections(here, [rejection(bad)], lift)
  assert.equal(named, here)
  assert.equal(withRejections(named, [], lift), here)
})

test('what failed here in a deployment of the server is lifted by the server once it has named it', () => {
  const told = rejectedHere('told')
  assert.equal(withRejections(told, [], lift), told)
  const named = withRejections(told, [rejection(bad)], lift)
  assert.deepEqual(withRejections(named, [], lift).quarantine, {})
})

test('an app that was never deployed here can be rejected, and nothing is written when nothing changes', async (t) => {
  const engine = await openEngine(t)
  await followRejections(engine.host, 'shop', [])
  engine.takeSnapshot()
  await followRejections(engine.host, 'shop', [rejection(bad)])
  assert.deepEqual(Object.keys(engine.state().quarantine), [bad])
})
