import type { DeployEvent, Reporter } from '../events/index.ts'

/** Remembers from the events which deployment is under way, to tell it when the program is ended at once. */
export function watchUnfinishedWork(): {
  readonly report: Reporter
  describe(): string | undefined
} {
  let started: Extract<DeployEvent, { type: 'deployment-started' }> | undefined
  let step: string | undefined
  return {
    report(event) {
      if (event.type === 'deployment-started') started = event
      if (event.type === 'deployment-finished') started = undefined
      if (event.type === 'step-started' || event.type === 'undo-started') step = event.step
    },
    describe() {
      if (started === undefined) return undefined
      const where = step === undefined ? '' : ` in step ${step}`
      return `deployment ${started.deployment} of ${started.app} was left unfinished${where}`
    },
  }
}
