import type { Outcome, ReportedError } from '../events/index.ts'

/** One line of a deployment's journal; the journal, not a log, is what status, history and `show` tell. */
export type JournalEntry =
  | {
      readonly type: 'started'
      readonly at: number
      readonly kind: string
      readonly by: string
      readonly bootId: string
      readonly fence: number
      readonly request: unknown
      readonly steps: readonly string[]
    }
  | {
      readonly type: 'resumed'
      readonly at: number
      readonly by: string
      readonly fence: number
      readonly direction: 'forward' | 'back'
    }
  | { readonly type: 'step-started'; readonly at: number; readonly step: string }
  | {
      readonly type: 'step-finished'
      readonly at: number
      readonly step: string
      readonly facts: Readonly<Record<string, unknown>>
      readonly detail?: string
    }
  | {
      readonly type: 'step-failed'
      readonly at: number
      readonly step: string
      readonly error: ReportedError
    }
  | { readonly type: 'undo-started'; readonly at: number; readonly step: string }
  | { readonly type: 'undo-finished'; readonly at: number; readonly step: string }
  | {
      readonly type: 'undo-failed'
      readonly at: number
      readonly step: string
      readonly error: ReportedError
    }
  | {
      readonly type: 'outcome'
      readonly at: number
      readonly outcome: Outcome
      readonly error?: ReportedError
      readonly statement?: unknown
    }

/** Where entries go; `append` returns when the entry is durable. */
export interface Journal {
  append(entry: JournalEntry): void
  entries(): readonly JournalEntry[]
}

/** What a journal says has happened so far. */
export interface JournalProgress {
  /** Steps whose end was journaled, and not undone since, oldest first. */
  readonly finished: readonly string[]
  /** Steps that were started and not undone, oldest first; includes the finished ones. */
  readonly begun: readonly string[]
  readonly facts: Readonly<Record<string, unknown>>
  /** The first failure, when a step failed. */
  readonly failure: ReportedError | undefined
  /** Undoing has begun: some of what is finished may be gone, so there is no way forward any more. */
  readonly isUndoing: boolean
  readonly outcome: Outcome | undefined
}

/** Reads progress off the entries. */
export function readProgress(entries: readonly JournalEntry[]): JournalProgress {
  const finished = new Set<string>()
  const begun = new Set<string>()
  let facts: Record<string, unknown> = {}
  let failure: ReportedError | undefined
  let isUndoing = false
  let outcome: Outcome | undefined
  for (const entry of entries) {
    if (entry.type === 'step-started') begun.add(entry.step)
    if (entry.type === 'step-finished') {
      finished.add(entry.step)
      facts = { ...facts, ...entry.facts }
    }
    if (entry.type === 'step-failed') failure ??= entry.error
    if (entry.type === 'undo-started') isUndoing = true
    if (entry.type === 'undo-finished') {
      begun.delete(entry.step)
      finished.delete(entry.step)
    }
    if (entry.type === 'outcome') outcome = entry.outcome
  }
  return { finished: [...finished], begun: [...begun], facts, failure, isUndoing, outcome }
}
