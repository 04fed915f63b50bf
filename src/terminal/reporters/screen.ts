import type { Reporter } from '../../events/index.ts'

/** Shows events while the engine works. */
export interface Screen {
  readonly report: Reporter
  /** Shows a line of our own between the events. */
  readonly note: (line: string) => void
  /** Takes away what is only for the moment; later events are not shown. May be called again. */
  readonly close: () => void
}
