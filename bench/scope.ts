import { toAppError } from '../src/errors/index.ts'

/** What a bench has to take away again; the helpers of the tests register at it as at a test. */
export interface Scope {
  after(work: () => unknown): void
}

type Undo = (() => unknown)[]

/** Of scopes that are not over yet, the innermost last. */
const open: Undo[] = []

/** Runs `work`, then undoes what it registered, the latest first, whatever happened. */
export async function withScope<Result>(work: (scope: Scope) => Promise<Result>): Promise<Result> {
  const undo: Undo = []
  open.push(undo)
  try {
    return await work({ after: (step) => void undo.push(step) })
  } finally {
    await undoAll(undo)
    open.splice(open.indexOf(undo), 1)
  }
}

/** From now on a signal that asks us to end does so after everything was taken away. */
export function clearOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => void clear().then(() => process.exit(1)))
}

async function clear(): Promise<void> {
  for (const undo of open.toReversed()) await undoAll(undo)
}

async function undoAll(undo: Undo): Promise<void> {
  for (let step = undo.pop(); step !== undefined; step = undo.pop()) await tryUndo(step)
}

/** What cannot be taken away is told, and the rest is taken away all the same. */
async function tryUndo(step: () => unknown): Promise<void> {
  try {
    await step()
  } catch (thrown) {
    console.error(`while clearing up: ${toAppError(thrown).message}`)
  }
}
