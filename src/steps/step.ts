/**
 * One journaled unit of work. `Facts` are what steps find out and later steps need (a label, a port): plain
 * JSON data that the journal keeps, so that a resumed run knows them.
 *
 * Contract
 * - `run` may be called again after a crash between its work and its journal entry: it looks first at what is
 *   already there. Once its end is journaled it is never called again for this deployment.
 * - `undo` is called newest first for every step that was started, also for one that failed half-way, and must
 *   accept that `run` did all, some or none of its work.
 * - Steps of one deployment never run at the same time.
 */
export interface Step<Context> {
  /** Stands in journals for ever; renaming one needs a migration. */
  readonly name: string
  run(context: Context): Promise<StepResult>
  undo?(context: Context): Promise<void>
}

/** What a step found out (merged into the context's facts and journaled), and a few words for the person. */
export interface StepResult {
  readonly facts?: Readonly<Record<string, unknown>>
  readonly detail?: string
}

/** What every step list's context has at least. */
export interface StepContext<Facts> {
  facts: Facts
  readonly signal: AbortSignal
}
