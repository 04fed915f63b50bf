import assert from 'node:assert/strict'
import test from 'node:test'

import { stepLists } from './step-lists.ts'

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
  const names = Object.entries(stepLists).map(([kind, { before, after }]) => [
    kind,
    [before, after].map((steps) => steps.map(({ name }) => name).join(' ')),
  ])
  assert.deepEqual(Object.fromEntries(names), pinned)
})

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
