import { reportError } from '../../events/index.ts'
import type { HostReportBody } from '../../protocol/index.ts'
import type { ScriptEvent, ScriptReporter } from '../scripts/script-step.ts'
import type { Outbox } from './outbox.ts'

type EventData = Extract<HostReportBody, { kind: 'script-event' }>['event']

/** Characters of output that are told of one run. */
const mostOutput = 1024 * 1024

/** Tells the server what a script does. */
export function reportScript(run: string, outbox: Outbox): ScriptReporter {
  let left = mostOutput
  return (event) => {
    const data = toData(event, left)
    if (event.type === 'script-output') {
      if (left <= 0) return
      left -= event.text.length
    }
    outbox.note({ kind: 'script-event', run, event: data })
  }
}

function toData(event: ScriptEvent, left: number): EventData {
  switch (event.type) {
    case 'script-output':
      return { ...event, text: event.text.slice(0, left) }
    case 'script-line-ended': {
      // Its output was told as it came.
      const { type, number, command, end } = event
      return { type, number, command, end: { ...end } }
    }
    case 'script-step-ended': {
      const { error, ...words } = event
      return error === undefined ? words : { ...words, error: { ...reportError(error) } }
    }
    case 'script-step-started':
      return { ...event }
  }
}
