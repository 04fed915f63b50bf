import { safeJson } from '../safe-text.ts'
import type { OutputValues, ProgramIo } from '../program.ts'
import { canRedraw, styleFor } from '../style.ts'
import { createLiveTree } from './live-tree.ts'
import { createPlainLines } from './plain-lines.ts'
import type { Screen } from './screen.ts'

const now = (): number => performance.now()

/** The screen that fits: JSON lines or silence when asked for, a tree on a terminal, plain lines elsewhere. */
export function openScreen(io: ProgramIo, output: OutputValues): Screen {
  if (output.jsonEvents) return createJsonLines(io)
  if (output.json) return silentScreen
  const { stderr: stream, environment } = io
  if (!canRedraw(stream, environment)) return createPlainLines({ stream, now })
  const style = () => styleFor({ stream, environment, noColor: output.noColor, now: Date.now() })
  return createLiveTree({ stream, style, now, verbose: output.verbose })
}

function createJsonLines({ stdout }: ProgramIo): Screen {
  return {
    report: (event) => void stdout.write(`${safeJson(event)}\n`),
    note: () => undefined,
    close: () => undefined,
  }
}

const silentScreen: Screen = {
  report: () => undefined,
  note: () => undefined,
  close: () => undefined,
}
