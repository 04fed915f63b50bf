import type { Reporter } from '../../events/index.ts'

/** Counts bytes and tells about them now and then. */
export interface UnpackProgress {
  add(count: number): void
  done(): number
  /** Reports the last state. */
  end(): void
}

/** Bytes between two reports; more often helps nobody. */
const reportEvery = 4 * 1024 * 1024

export function openProgress(
  to: { readonly report: Reporter; readonly step: string },
  total: number | undefined,
): UnpackProgress {
  let done = 0
  let reported = 0

  function report(): void {
    reported = done
    const known = total === undefined ? {} : { total }
    to.report({ type: 'step-progress', step: to.step, done, ...known, unit: 'bytes' })
  }

  return {
    add: (count) => {
      done += count
      if (done - reported >= reportEvery) report()
    },
    done: () => done,
    end: report,
  }
}
