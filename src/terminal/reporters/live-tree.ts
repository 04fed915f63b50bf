import type { DeployEvent } from '../../events/index.ts'
import type { OutputStream, Style } from '../style.ts'
import { textWidth } from '../text-width.ts'
import type { Screen } from './screen.ts'
import { advanceTree, drawFrame, emptyTree } from './tree-state.ts'
import { treeLine } from './tree-lines.ts'

interface LiveTreeOptions {
  readonly stream: OutputStream
  /** Asked before every drawing, because a terminal may be resized. */
  readonly style: () => Style
  /** Monotonic milliseconds. */
  readonly now: () => number
  readonly verbose: boolean
}

/** Milliseconds between two drawings. */
const drawInterval = 100

/**
 * The tree of steps on a terminal. What is done is written once and scrolls away; only the running and waiting steps
 * below it are drawn over, so nothing breaks when the terminal is short or the program is killed.
 */
export function createLiveTree(options: LiveTreeOptions): Screen {
  const { stream, style, now, verbose } = options
  let state = emptyTree
  let drawn: readonly string[] = []
  let tick = 0
  let timer: NodeJS.Timeout | undefined
  let closed = false

  return {
    report(event) {
      if (closed) return
      const line = treeLine(event, style(), { nameWidth: state.nameWidth, verbose })
      state = advanceTree(state, event, now())
      if (line !== undefined || changesSteps(event)) draw(line === undefined ? [] : [line])
      timer ??= startTimer()
    },
    note(line) {
      if (!closed) draw([line])
    },
    close() {
      if (closed) return
      closed = true
      clearInterval(timer)
      if (drawn.length > 0) stream.write(erase(drawn, stream.columns ?? 80))
    },
  }

  function startTimer(): NodeJS.Timeout {
    const started = setInterval(() => {
      tick++
      draw([])
    }, drawInterval)
    started.unref()
    return started
  }

  function draw(staying: readonly string[]): void {
    const rows = Math.max(1, (stream.rows ?? 24) - 1)
    const frame = drawFrame(state, style(), { now: now(), tick, rows })
    const before = drawn.length === 0 ? '' : erase(drawn, stream.columns ?? 80)
    const text = before + [...staying, ...frame].map((line) => `${line}\n`).join('')
    drawn = frame
    if (text !== '') stream.write(text)
  }
}

/** Moves up over the lines drawn last and clears from there; a narrowed terminal has wrapped them meanwhile. */
function erase(lines: readonly string[], columns: number): string {
  const rows = lines.reduce(
    (sum, line) => sum + Math.max(1, Math.ceil(textWidth(line) / columns)),
    0,
  )
  return `\u001b[${rows}A\r\u001b[0J`
}

/** Progress and output are drawn by the timer only, however fast they come. */
function changesSteps(event: DeployEvent): boolean {
  return event.type !== 'step-progress' && event.type !== 'output'
}
