import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import test from 'node:test'

import { openEngine, type Engine } from '../../../test/support/engine.ts'
import { openJournal } from '../journal-file.ts'
import { appPaths } from '../layout.ts'
import type { JournalEntry } from '../../steps/index.ts'
import { listDeployments, showDeployment } from './history.ts'

const error = { code: 'unhealthy', message: 'answered 500' }

function write(engine: Engine, app: string, id: string, entries: readonly JournalEntry[]): void {
  const { journal } = appPaths(engine.host.layout, app)
  mkdirSync(journal, { recursive: true })
  const log = openJournal(journal, id, () => undefined)
  for (const entry of entries) log.append(entry)
  log.close()
}

function started(at: number, label = 'shop-1'): JournalEntry {
  const request = { label, endpoints: [], retires: [] }
  const steps = ['fetch', 'start', 'prove']
  return { type: 'started', at, kind: 'deploy', by: 'ada', bootId: '', fence: 1, request, steps }
}

test('the newest come first, of all apps or of one, and no more than asked for', async (t) => {
  const engine = await openEngine(t)
  write(engine, 'shop', '20261120-120000-aaaa', [started(1)])
  write(engine, 'blog', '20261120-120001-aaaa', [started(2)])
  write(engine, 'shop', '20261120-120002-aaaa', [started(3)])
  const seconds = (wish: { app?: string; limit: number }): string[] =>
    listDeployments(engine.host, wish).map(({ deployment }) => deployment.slice(13, 15))
  assert.deepEqual(seconds({ limit: 20 }), ['02', '01', '00'])
  assert.deepEqual(seconds({ app: 'shop', limit: 20 }), ['02', '00'])
  assert.deepEqual(seconds({ limit: 1 }), ['02'])
  assert.throws(() => listDeployments(engine.host, { app: 'nope', limit: 1 }), {
    code: 'not-found',
  })
})

test('each step tells how far it came', async (t) => {
  const engine = await openEngine(t)
  write(engine, 'shop', 'd1', [
    started(0),
    { type: 'step-started', at: 10, step: 'fetch' },
    { type: 'step-finished', at: 30, step: 'fetch', facts: {}, detail: '12 MiB' },
    { type: 'step-started', at: 30, step: 'start' },
    { type: 'step-failed', at: 35, step: 'start', error },
    { type: 'undo-finished', at: 40, step: 'start' },
    { type: 'undo-failed', at: 45, step: 'fetch', error },
    { type: 'outcome', at: 50, outcome: 'partial', error },
  ])
  const { steps, outcome, milliseconds, failure } = showDeployment(engine.host, 'd1')
  assert.deepEqual([outcome, milliseconds, failure?.code], ['partial', 50, 'unhealthy'])
  assert.deepEqual(
    steps.map(({ name, state, milliseconds: took, detail }) => [name, state, took, detail]),
    [
      ['fetch', 'undo failed', 20, '12 MiB'],
      ['start', 'undone', 5, 'answered 500'],
      ['prove', 'waiting', undefined, undefined],
    ],
  )
})

test('a deployment without an outcome is unfinished, also when it was cut off before its first entry', async (t) => {
  const engine = await openEngine(t)
  write(engine, 'shop', 'd1', [started(1), { type: 'step-started', at: 2, step: 'fetch' }])
  write(engine, 'shop', 'd2', [])
  const [second, first] = listDeployments(engine.host, { limit: 2 }).toSorted((left, right) =>
    left.deployment < right.deployment ? 1 : -1,
  )
  assert.deepEqual([first?.outcome, first?.kind], ['unfinished', 'deploy'])
  assert.deepEqual([second?.outcome, second?.kind], ['unfinished', 'unknown'])
  assert.equal(showDeployment(engine.host, 'd1').steps[0]?.state, 'running')
})

test('a failure that was repeated with success is not shown as one', async (t) => {
  const engine = await openEngine(t)
  const failed: JournalEntry = { type: 'step-failed', at: 2, step: 'fetch', error }
  write(engine, 'shop', 'd1', [started(1), failed])
  assert.equal(showDeployment(engine.host, 'd1').failure?.code, 'unhealthy')
  write(engine, 'shop', 'd1', [{ type: 'outcome', at: 3, outcome: 'succeeded' }])
  assert.equal(showDeployment(engine.host, 'd1').failure, undefined)
})

test('an id that is nearly right is answered with the right one', async (t) => {
  const engine = await openEngine(t)
  write(engine, 'shop', '20261120-120000-aaaa', [started(1)])
  assert.throws(() => showDeployment(engine.host, '20261120-120000-aaab'), {
    code: 'not-found',
    hint: 'did you mean 20261120-120000-aaaa?',
  })
  assert.throws(() => showDeployment(engine.host, '../../etc/passwd'), { code: 'not-found' })
})
