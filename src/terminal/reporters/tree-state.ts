import type { DeployEvent } from '../../events/index.ts'
import { formatDuration } from '../format.ts'
import { safeLine } from '../safe-text.ts'
import type { Style } from '../style.ts'
import { cutLine } from '../table.ts'
import { padTo, textWidth } from '../text-width.ts'
import { drawProgress, type Progress } from './describe-progress.ts'

/** What the moving part of the tree shows. */
export interface TreeState {
  /** Cells of the longest step name. */
  readonly nameWidth: number
  readonly waiting: readonly string[]
  readonly current: CurrentStep | undefined
}

interface CurrentStep {
  readonly step: string
  readonly undoing: boolean
  /** Monotonic milliseconds. */
  readonly since: number
  readonly progress: Progress | undefined
  /** Last lines of its output. */
  readonly tail: readonly string[]
}

export interface FrameOptions {
  readonly now: number
  /** Grows with every drawing; turns the spinner. */
  readonly tick: number
  /** Lines that the frame may take. */
  readonly rows: number
}

export const emptyTree: TreeState = { nameWidth: 8, waiting: [], current: undefined }
const tailLines = 5

/** The tree after an event at a monotonic moment. */
export function advanceTree(state: TreeState, event: DeployEvent, now: number): TreeState {
  switch (event.type) {
    case 'deployment-started':
      return {
        nameWidth: Math.max(8, ...event.steps.map(textWidth)),
        waiting: event.steps,
        current: undefined,
      }
    case 'step-started':
    case 'undo-started':
      return {
        ...state,
        waiting: without(state.waiting, event.step),
        current: {
          step: event.step,
          undoing: event.type === 'undo-started',
          since: now,
          progress: undefined,
          tail: [],
        },
      }
    case 'step-progress':
      return updateCurrent(state, event.step, { progress: event })
    case 'output':
      return updateCurrent(state, event.step, {
        tail: [...(state.current?.tail ?? []), event.line].slice(-tailLines),
      })
    case 'step-finished':
    case 'undo-finished':
    case 'undo-failed':
      return { ...state, waiting: without(state.waiting, event.step), current: undefined }
    case 'step-failed':
      // After a failure no further step is started, so none waits any more.
      return { ...state, waiting: [], current: undefined }
    case 'deployment-finished':
      return { ...state, waiting: [], current: undefined }
    case 'notice':
      return state
  }
}

/** The lines of the moving part: the running step with its last output, and the steps that wait. */
export function drawFrame(state: TreeState, style: Style, options: FrameOptions): string[] {
  const running =
    state.current === undefined ? [] : drawCurrent(state, state.current, style, options)
  const room = Math.max(0, options.rows - running.length)
  return [...running, ...drawWaiting(state.waiting, style, room)].map((line) =>
    cutLine(line, style),
  )
}

function drawCurrent(
  state: TreeState,
  current: CurrentStep,
  style: Style,
  { now, tick, rows }: FrameOptions,
): string[] {
  const { color, marks } = style
  const spinner = color.cyan(marks.spinner[tick % marks.spinner.length] ?? '')
  const name = padTo(current.undoing ? `undo ${current.step}` : current.step, state.nameWidth)
  const elapsed = padTo(formatDuration(now - current.since), 8)
  const progress = current.progress === undefined ? '' : drawProgress(current.progress, style)
  const bar = color.dim(marks.bar)
  return [
    `  ${spinner} ${name}  ${color.dim(elapsed)}  ${progress}`.trimEnd(),
    ...current.tail
      .slice(-Math.max(0, rows - 1))
      .map((line) => `    ${bar} ${color.dim(safeLine(line))}`),
  ]
}

function drawWaiting(waiting: readonly string[], style: Style, room: number): string[] {
  const { color, marks } = style
  if (room === 0) return []
  const shown = waiting.length <= room ? waiting : waiting.slice(0, room - 1)
  const lines = shown.map((step) => color.dim(`  ${marks.waiting} ${step}`))
  const left = waiting.length - shown.length
  return left === 0 ? lines : [...lines, color.dim(`  ${marks.waiting} and ${left} more`)]
}

function updateCurrent(
  state: TreeState,
  step: string,
  change: Partial<Pick<CurrentStep, 'progress' | 'tail'>>,
): TreeState {
  if (state.current?.step !== step) return state
  return { ...state, current: { ...state.current, ...change } }
}

function without(steps: readonly string[], step: string): readonly string[] {
  return steps.filter((candidate) => candidate !== step)
}
