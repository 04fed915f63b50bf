import { AppError, toAppError } from '../errors/index.ts'
import { reportError, type Reporter } from '../events/index.ts'
import type { Clock } from '../system/index.ts'
import { readProgress, type Journal } from './journal.ts'
import type { Step, StepContext } from './step.ts'

export interface StepRun<Context> {
  readonly steps: readonly Step<Context>[]
  readonly context: Context
  readonly journal: Journal
  readonly report: Reporter
  readonly clock: Clock
}

/** How undoing went: the steps whose undo failed, with the reasons. */
export interface UndoResult {
  readonly failures: readonly { readonly step: string; readonly error: unknown }[]
}

/**
 * Runs the steps that the journal does not know as finished, in order, journaling before and after each.
 * Throws what a step throws, after journaling it; undoing is the caller's decision (`undoSteps`).
 */
export async function runSteps<Facts, Context extends StepContext<Facts>>(
  work: StepRun<Context>,
): Promise<void> {
  const { context, journal, report } = work
  const progress = readProgress(journal.entries())
  context.facts = { ...context.facts, ...progress.facts }
  for (const step of work.steps) {
    if (progress.finished.includes(step.name)) {
      report({ type: 'step-finished', step: step.name, milliseconds: 0, resumed: true })
      continue
    }
    context.signal.throwIfAborted()
    await runOne(work, step)
  }
}

/**
 * Undoes every step that was begun and not yet undone, newest first; a failing undo does not stop the others, and
 * neither does a step that this version does not know.
 */
export async function undoSteps<Facts, Context extends StepContext<Facts>>(
  work: StepRun<Context>,
): Promise<UndoResult> {
  const progress = readProgress(work.journal.entries())
  work.context.facts = { ...work.context.facts, ...progress.facts }
  const failures: { step: string; error: unknown }[] = []
  for (const name of progress.begun.toReversed()) {
    const step = work.steps.find((candidate) => candidate.name === name)
    const error = step === undefined ? unknownStep(name) : await undoOne(work, step)
    if (error !== undefined) failures.push({ step: name, error })
  }
  return { failures }
}

function unknownStep(name: string): AppError {
  return new AppError('state-too-new', `step "${name}" is of another version of sluice`, {
    hint: 'the version that ran it can undo it: `sluice resume` with that one',
  })
}

async function runOne<Facts, Context extends StepContext<Facts>>(
  work: StepRun<Context>,
  step: Step<Context>,
): Promise<void> {
  const { context, journal, report, clock } = work
  const startedAt = clock.monotonic()
  const elapsed = (): number => Math.round(clock.monotonic() - startedAt)
  journal.append({ type: 'step-started', at: clock.now(), step: step.name })
  report({ type: 'step-started', step: step.name })
  try {
    const { facts = {}, detail } = await step.run(context)
    context.facts = { ...context.facts, ...facts }
    const words = detail === undefined ? {} : { detail }
    journal.append({ type: 'step-finished', at: clock.now(), step: step.name, facts, ...words })
    report({ type: 'step-finished', step: step.name, milliseconds: elapsed(), ...words })
  } catch (thrown) {
    const error = reportError(thrown)
    report({ type: 'step-failed', step: step.name, milliseconds: elapsed(), error })
    journal.append({ type: 'step-failed', at: clock.now(), step: step.name, error })
    throw toAppError(thrown)
  }
}

async function undoOne<Facts, Context extends StepContext<Facts>>(
  work: StepRun<Context>,
  step: Step<Context>,
): Promise<unknown> {
  const { context, journal, report, clock } = work
  if (step.undo !== undefined) {
    journal.append({ type: 'undo-started', at: clock.now(), step: step.name })
    report({ type: 'undo-started', step: step.name })
    try {
      await step.undo(context)
    } catch (thrown) {
      const error = reportError(thrown)
      report({ type: 'undo-failed', step: step.name, error })
      journal.append({ type: 'undo-failed', at: clock.now(), step: step.name, error })
      return thrown
    }
    report({ type: 'undo-finished', step: step.name })
  }
  journal.append({ type: 'undo-finished', at: clock.now(), step: step.name })
  return undefined
}
