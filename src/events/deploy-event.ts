/** Everything the engine says while it works. It never prints; an edge renders these. */
export type DeployEvent =
  | {
      readonly type: 'deployment-started'
      readonly deployment: string
      readonly app: string
      readonly title: string
      readonly steps: readonly string[]
    }
  | { readonly type: 'step-started'; readonly step: string }
  | {
      readonly type: 'step-progress'
      readonly step: string
      readonly done: number
      readonly total?: number
      readonly unit: 'bytes' | 'files' | 'checks'
    }
  | {
      readonly type: 'step-finished'
      readonly step: string
      readonly milliseconds: number
      readonly detail?: string
      readonly resumed?: boolean
    }
  | {
      readonly type: 'step-failed'
      readonly step: string
      readonly milliseconds: number
      readonly error: ReportedError
    }
  | { readonly type: 'undo-started'; readonly step: string }
  | { readonly type: 'undo-finished'; readonly step: string }
  | { readonly type: 'undo-failed'; readonly step: string; readonly error: ReportedError }
  | { readonly type: 'output'; readonly step: string; readonly line: string }
  | { readonly type: 'notice'; readonly level: 'info' | 'warning'; readonly text: string }
  | {
      readonly type: 'deployment-finished'
      readonly deployment: string
      readonly outcome: Outcome
      readonly milliseconds: number
    }

/**
 * How a deployment ended: all new; all old again; or `partial`, when something is owed and a person must look.
 * There is one outcome per deployment, for ever.
 */
export type Outcome = 'succeeded' | 'undone' | 'partial'

/** An error as data, for journals and JSON output. */
export interface ReportedError {
  readonly code: string
  readonly message: string
  readonly hint?: string
  readonly output?: string
}

/** Takes events as they happen; must not throw. */
export type Reporter = (event: DeployEvent) => void
