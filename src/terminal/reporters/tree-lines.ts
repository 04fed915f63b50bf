import type { DeployEvent } from '../../events/index.ts'
import { formatDuration } from '../format.ts'
import { safeLine } from '../safe-text.ts'
import type { Style } from '../style.ts'
import { cutLine } from '../table.ts'
import { padTo } from '../text-width.ts'

interface LineOptions {
  /** Cells of the longest step name. */
  readonly nameWidth: number
  /** Whether output lines stay, too. */
  readonly verbose: boolean
}

/** The line that stays on the terminal after an event, if one does. */
export function treeLine(
  event: DeployEvent,
  style: Style,
  { nameWidth, verbose }: LineOptions,
): string | undefined {
  const { color, marks } = style
  const line = (mark: string, step: string, rest: string): string =>
    cutLine(`  ${mark} ${padTo(step, nameWidth)}  ${rest}`.trimEnd(), style)
  switch (event.type) {
    case 'deployment-started':
      return cutLine(`${color.bold(safeLine(event.title))}  ${color.dim(event.deployment)}`, style)
    case 'step-finished':
      return line(color.green(marks.good), event.step, finishedWords(event, style))
    case 'step-failed':
      return line(
        color.red(marks.bad),
        event.step,
        `${timeCell(event.milliseconds, style)}  ${color.red(safeLine(event.error.message))}`,
      )
    case 'undo-finished':
      return line(color.yellow(marks.undone), event.step, color.dim('undone'))
    case 'undo-failed':
      return line(
        color.red(marks.bad),
        event.step,
        color.red(`could not be undone: ${safeLine(event.error.message)}`),
      )
    case 'notice':
      return noticeLine(event, style)
    case 'output':
      return verbose ? `    ${color.dim(marks.bar)} ${color.dim(safeLine(event.line))}` : undefined
    case 'step-started':
    case 'step-progress':
    case 'undo-started':
    case 'deployment-finished':
      // The moving part shows these, and the command's result tells the end.
      return undefined
  }
}

function finishedWords(
  event: Extract<DeployEvent, { type: 'step-finished' }>,
  style: Style,
): string {
  if (event.resumed === true) return style.color.dim('done before')
  return `${timeCell(event.milliseconds, style)}  ${safeLine(event.detail ?? '')}`
}

function noticeLine(event: Extract<DeployEvent, { type: 'notice' }>, style: Style): string {
  const mark = event.level === 'warning' ? style.color.yellow(style.marks.weak) : ' '
  return `  ${mark} ${safeLine(event.text)}`
}

function timeCell(milliseconds: number, { color }: Style): string {
  return color.dim(padTo(formatDuration(milliseconds), 8))
}
