import { safeJson, safeLine } from '../terminal/index.ts'
import type { CliContext } from './context.ts'
import { followFile, lastLines } from './log-tail.ts'

export interface LogOptions {
  readonly follow: boolean
  /** Last lines of each file. */
  readonly lines: number
  /** Print control characters as they are. */
  readonly raw: boolean
}

/** Prints the last lines of files one after another, then, when following, every new line of all of them. */
export async function showLogs(
  context: CliContext,
  files: readonly string[],
  { follow, lines, raw }: LogOptions,
): Promise<void> {
  const { stdout } = context.io
  const json = context.globals['json'] === true || context.globals['jsonEvents'] === true
  const printHead = json ? () => undefined : headPrinter(stdout, files.length)
  const print = (file: string, line: string): void => {
    printHead(file)
    if (json) stdout.write(`${safeJson({ file, line })}\n`)
    else stdout.write(`${raw ? line : safeLine(line)}\n`)
  }
  const ends = new Map<string, number>()
  for (const file of files) {
    const tail = lastLines(file, lines)
    for (const line of tail.lines) print(file, line)
    ends.set(file, tail.end)
  }
  if (!follow) return
  const signal = AbortSignal.any([context.signal, context.io.unread])
  await Promise.all(
    files.map((file) =>
      followFile(file, { from: ends.get(file) ?? 0, signal, onLine: (line) => print(file, line) }),
    ),
  )
}

/** With several files a heading tells which one the next lines are of. */
function headPrinter(stdout: { write(text: string): unknown }, files: number) {
  let last: string | undefined
  return (file: string): void => {
    if (files > 1 && file !== last)
      stdout.write(`${last === undefined ? '' : '\n'}==> ${file} <==\n`)
    last = file
  }
}
