import type { ReportedError } from '../../events/index.ts'

/** The runs that one raise starts: one on each host that fits. */
export interface NewScriptRuns {
  readonly id: string
  readonly script: string
  readonly trigger: string
  readonly sequence: number
  readonly by: string
  readonly at: number
}

/** One run of a script on one host. */
export interface StoredScriptRun {
  readonly id: string
  readonly agent: string
  /** Of the agent, while it has one. */
  readonly name: string
  readonly script: string
  readonly trigger: string
  readonly sequence: number
  readonly by: string
  /** `waiting`, `superseded`, or what the host has reported. */
  readonly state: string
  readonly error: ReportedError | null
  readonly createdAt: number
  readonly changedAt: number
  readonly events: number
}

export interface ScriptRunRecords {
  /** Those that one raise started, by host. */
  ofStart(start: string): Promise<StoredScriptRun[]>
  events(
    run: string,
    range: { readonly after: number; readonly limit: number },
  ): Promise<{ readonly number: number; readonly at: number; readonly content: unknown }[]>
  /** Forgets at most `limit` runs from before `before` that have ended, with what they said. Answers how many. */
  prune(before: number, limit: number): Promise<number>
}
