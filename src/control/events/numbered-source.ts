/** Something durable whose events count from 1: a trigger's raises, a deployment's steps. */
export interface NumberedSource {
  /** Unique within a stream, such as `trigger:shop`. */
  readonly name: string
  /** After which number a stream begins that goes on after nothing: mostly the last there is. */
  latest(): Promise<number>
  /** Events beyond a number, in order, at most `limit`. */
  read(after: number, limit: number): Promise<readonly NumberedEvent[]>
  /** Resolves when there may be one beyond `after`, at `timeout` milliseconds, or when aborted. */
  wait(
    after: number,
    options: { readonly timeout: number; readonly signal: AbortSignal },
  ): Promise<unknown>
}

export interface NumberedEvent {
  readonly number: number
  /** Its kind, such as `trigger-raised`. */
  readonly event: string
  /** Sent as JSON. */
  readonly data: unknown
}
