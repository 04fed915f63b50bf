import assert from 'node:assert/strict'
import test from 'node:test'

import { gatedDeploy, stepLists, stepsOf, type StepList } from './step-lists.ts'

/** Journals of every version hold these names: a name that changes needs a migration. */
const pinned = {
  deploy: [
    'fetch unpack reserve render publish migrate prestart start prove arm-revert switch bake commit',
    'point-current disarm-revert drain retire prune after-switch',
  ],
  rollback: [
    'fetch unpack reserve render publish prestart start prove arm-revert switch bake commit',
    'point-current disarm-revert drain retire prune after-switch',
  ],
  start: ['fetch unpack reserve render publish migrate prestart start prove', ''],
  connect: [
    'load-deploy arm-revert switch bake commit',
    'point-current disarm-revert after-switch',
  ],
  disconnect: ['arm-revert disconnect', 'disarm-revert'],
  stop: ['', 'stop'],
}

test('every kind of deployment has the steps that journals know, in this order', () => {
  const names = Object.entries(stepLists).map(([kind, list]) => [kind, namesOf(list)])
  assert.deepEqual(Object.fromEntries(names), pinned)
})

test('a deploy that a server wants has two gates more, and no other kind has them', () => {
  const [before, after] = pinned.deploy as [string, string]
  assert.deepEqual(namesOf(gatedDeploy), [
    before.replace('prove ', 'prove await-go ').replace('bake ', 'bake await-confirm '),
    after,
  ])
  const gated = { epoch: 'e1', deployment: 'd1', generation: 1 }
  const request = { label: 'shop-1', endpoints: [], retires: [] }
  assert.equal(stepsOf({ kind: 'deploy', request: { ...request, gated } }), gatedDeploy)
  assert.equal(stepsOf({ kind: 'deploy', request }), stepLists.deploy)
  assert.equal(stepsOf({ kind: 'rollback', request: { ...request, gated } }), stepLists.rollback)
})

function namesOf({ before, after }: StepList): string[] {
  return [before, after].map((steps) => steps.map(({ name }) => name).join(' '))
}

test('no kind has a step twice', () => {
  for (const [kind, { before, after }] of Object.entries(stepLists)) {
    const names = [...before, ...after].map(({ name }) => name)
    assert.equal(new Set(names).size, names.length, kind)
  }
})

test('what is behind the commit is never undone', () => {
  for (const { after } of Object.values(stepLists))
    for (const step of after) assert.equal(step.undo, undefined, step.name)
})
