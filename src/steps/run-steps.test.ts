import assert from 'node:assert/strict'
import test from 'node:test'

import { AppError } from '../errors/index.ts'
import type { DeployEvent } from '../events/index.ts'
import { systemClock } from '../system/index.ts'
import { readProgress, type Journal, type JournalEntry } from './journal.ts'
import { runSteps, undoSteps, type StepRun } from './run-steps.ts'
import type { Step, StepContext } from './step.ts'

interface Context extends StepContext<Record<string, unknown>> {
  readonly done: string[]
}

function memoryJournal(entries: JournalEntry[] = []): Journal {
  return { entries: () => entries, append: (entry) => void entries.push(entry) }
}

function step(name: string, options: { fails?: boolean; undoFails?: boolean } = {}): Step<Context> {
  return {
    name,
    run: async ({ done }) => {
      done.push(name)
      if (options.fails) throw new AppError('start-failed', `${name} broke`)
      return { facts: { [name]: done.length } }
    },
    undo: async ({ done }) => {
      done.push(`undo ${name}`)
      if (options.undoFails) throw new AppError('stop-failed', `${name} stays`)
    },
  }
}

function work(
  steps: Step<Context>[],
  journal = memoryJournal(),
): StepRun<Context> & { events: DeployEvent[] } {
  const events: DeployEvent[] = []
  const context: Context = { done: [], facts: {}, signal: new AbortController().signal }
  return {
    steps,
    context,
    journal,
    events,
    report: (event) => events.push(event),
    clock: systemClock,
  }
}

test('steps run in order, and each is journaled before and after', async () => {
  const run = work([step('a'), step('b')])
  await runSteps(run)
  assert.deepEqual(run.context.done, ['a', 'b'])
  assert.deepEqual(
    run.journal.entries().map((entry) => `${entry.type} ${'step' in entry ? entry.step : ''}`),
    ['step-started a', 'step-finished a', 'step-started b', 'step-finished b'],
  )
})

test('a failing step stops the list and undoing goes newest first, the failed one included', async () => {
  const run = work([step('a'), step('b', { fails: true }), step('c')])
  await assert.rejects(runSteps(run), /b broke/)
  await undoSteps(run)
  assert.deepEqual(run.context.done, ['a', 'b', 'undo b', 'undo a'])
})

test('a failing undo does not stop the others and is told', async () => {
  const run = work([step('a'), step('b', { undoFails: true }), step('c', { fails: true })])
  await assert.rejects(runSteps(run))
  const { failures } = await undoSteps(run)
  assert.deepEqual(run.context.done, ['a', 'b', 'c', 'undo c', 'undo b', 'undo a'])
  assert.deepEqual(
    failures.map(({ step: name }) => name),
    ['b'],
  )
})

test('a resumed run skips what the journal knows as finished and remembers its facts', async () => {
  const first = work([step('a'), step('b', { fails: true })])
  await assert.rejects(runSteps(first))
  const second = work([step('a'), step('b')], first.journal)
  await runSteps(second)
  assert.deepEqual(second.context.done, ['b'])
  assert.deepEqual(second.context.facts, { a: 1, b: 1 })
})

test('an undo that was interrupted goes on with the steps that are not yet undone', async () => {
  const run = work([step('a'), step('b'), step('c')])
  await runSteps(run)
  run.journal.append({ type: 'undo-started', at: 0, step: 'c' })
  run.journal.append({ type: 'undo-finished', at: 0, step: 'c' })
  run.journal.append({ type: 'undo-started', at: 0, step: 'b' })
  const again = work([step('a'), step('b'), step('c')], run.journal)
  await undoSteps(again)
  assert.deepEqual(again.context.done, ['undo b', 'undo a'])
})

test('no step starts once the signal is aborted', async () => {
  const abort = new AbortController()
  const run = work([step('a'), step('b')])
  const context: Context = { ...run.context, signal: abort.signal }
  const stopping: Step<Context> = {
    name: 'stop',
    run: async () => (abort.abort(new AppError('aborted', 'stopped')), {}),
  }
  await assert.rejects(runSteps({ ...run, context, steps: [stopping, step('b')] }), /stopped/)
  assert.deepEqual(run.context.done, [])
})

test('progress knows the first failure, and the one outcome', () => {
  const error = { code: 'unhealthy', message: 'first' }
  const progress = readProgress([
    { type: 'step-started', at: 1, step: 'a' },
    { type: 'step-failed', at: 2, step: 'a', error },
    { type: 'undo-failed', at: 3, step: 'a', error: { code: 'stop-failed', message: 'second' } },
    { type: 'outcome', at: 4, outcome: 'partial' },
  ])
  assert.deepEqual(progress.failure, error)
  assert.equal(progress.outcome, 'partial')
  assert.deepEqual(progress.begun, ['a'])
})

test('a step of another version stays, is told, and the others are undone', async () => {
  const run = work([step('a'), step('b')])
  await runSteps(run)
  run.journal.append({ type: 'step-started', at: 0, step: 'tomorrow' })
  const { failures } = await undoSteps(run)
  assert.deepEqual(
    failures.map(({ step: name, error }) => [name, (error as AppError).code]),
    [['tomorrow', 'state-too-new']],
  )
  assert.deepEqual(run.context.done, ['a', 'b', 'undo b', 'undo a'])
})

test('a journal that takes no more entries stops the run before the next step', async () => {
  const journal = memoryJournal()
  const run = work([step('a'), step('b')], {
    entries: () => journal.entries(),
    append: (entry) => {
      if ('step' in entry && entry.step === 'b') throw new AppError('fenced', 'taken over')
      journal.append(entry)
    },
  })
  await assert.rejects(runSteps(run), { code: 'fenced' })
  assert.deepEqual(run.context.done, ['a'])
})

test('progress knows once undoing has begun', () => {
  const begun: JournalEntry = { type: 'step-started', at: 1, step: 'a' }
  assert.equal(readProgress([begun]).isUndoing, false)
  assert.equal(readProgress([begun, { type: 'undo-started', at: 2, step: 'a' }]).isUndoing, true)
})
