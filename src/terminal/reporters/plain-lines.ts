import type { DeployEvent } from '../../events/index.ts'
import { formatDuration } from '../format.ts'
import { safeLine } from '../safe-text.ts'
import type { OutputStream } from '../style.ts'
import { describeProgress } from './describe-progress.ts'
import type { Screen } from './screen.ts'

interface PlainLinesOptions {
  readonly stream: OutputStream
  /** Monotonic milliseconds. */
  readonly now: () => number
}

/** Milliseconds between two lines about the progress of one step. */
const progressInterval = 10_000

/** One line per event, for logs of CI systems and pipes. */
export function createPlainLines({ stream, now }: PlainLinesOptions): Screen {
  let closed = false
  let lastProgress = 0
  const write = (line: string): void => {
    if (!closed) stream.write(`${line}\n`)
  }
  return {
    report(event) {
      if (event.type === 'step-started') lastProgress = now()
      if (event.type === 'step-progress') {
        if (now() - lastProgress < progressInterval) return
        lastProgress = now()
      }
      write(plainLine(event))
    },
    note: write,
    close() {
      closed = true
    },
  }
}

/** An event in one line without colour or marks. */
export function plainLine(event: DeployEvent): string {
  switch (event.type) {
    case 'deployment-started':
      return `${safeLine(event.title)} (${event.deployment})`
    case 'step-started':
      return `${event.step}: started`
    case 'step-progress':
      return `${event.step}: ${describeProgress(event)}`
    case 'step-finished':
      return event.resumed === true
        ? `${event.step}: done before`
        : `${event.step}: done in ${formatDuration(event.milliseconds)}${suffix(event.detail)}`
    case 'step-failed':
      return `${event.step}: failed after ${formatDuration(event.milliseconds)}: ${safeLine(event.error.message)}`
    case 'undo-started':
      return `${event.step}: undoing`
    case 'undo-finished':
      return `${event.step}: undone`
    case 'undo-failed':
      return `${event.step}: could not be undone: ${safeLine(event.error.message)}`
    case 'output':
      return `${event.step} | ${safeLine(event.line)}`
    case 'notice':
      return event.level === 'warning' ? `warning: ${safeLine(event.text)}` : safeLine(event.text)
    case 'deployment-finished':
      return `${event.outcome} after ${formatDuration(event.milliseconds)}`
  }
}

function suffix(detail: string | undefined): string {
  return detail === undefined || detail === '' ? '' : `, ${safeLine(detail)}`
}
