import { closeSync, constants, fstatSync, openSync } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'

import { withPath } from '../../system/index.ts'
import { capLog, readRange, readTail } from '../keeper/cap-log.ts'
import { makeVisible } from './visible-text.ts'

/** Follows a hook's output file while the hook runs: tells new lines, and keeps the file below its limit. */
export interface HookOutput {
  /** Tells the lines that came since the last call and cuts the file when it is too long. */
  pump(): void
  /** Tells also a last line without a newline. */
  finish(): void
}

export interface OutputOptions {
  readonly line: (line: string) => void
  /** Bytes at the end that are kept on the disk; as many from the beginning are kept beside them. */
  readonly limit: number
  /** Where in the file to begin. */
  readonly from: number
}

/** Characters of one line that are told; the file has the whole line. */
const longestLine = 2000
/** Bytes told per look at the file: a faster writer is told in part. */
const mostPerPump = 256 * 1024

export function followOutput(path: string, { line, limit, from }: OutputOptions): HookOutput {
  let offset = from
  let pending = ''
  const decoder = new StringDecoder('utf8')

  function tell(text: string): void {
    const lines = (pending + text).split('\n')
    pending = (lines.pop() ?? '').slice(0, longestLine + 1)
    for (const one of lines) line(presentLine(one))
  }

  function pump(): void {
    const { bytes, skipped, end } = readNew(path, offset)
    if (skipped > 0) tell(`\n[${skipped} bytes of output are not shown]\n`)
    tell(decoder.write(bytes))
    const moved = capLog(path, limit, headPath(path)) ?? 0
    offset = Math.max(0, end - moved)
  }

  return {
    pump,
    finish: () => {
      pump()
      tell(decoder.end())
      if (pending !== '') line(presentLine(pending))
      pending = ''
    },
  }
}

/** The last `length` bytes of a hook's output as a person may see them; it begins at `from`. */
export function readOutputTail(path: string, length: number, from: number): string {
  return readTail(path, length, from).trimEnd().split('\n').map(presentLine).join('\n')
}

/** Where the beginning of an output is kept once the file itself was cut. */
export function headPath(path: string): string {
  return `${path}.head`
}

function presentLine(line: string): string {
  const text = line.endsWith('\r') ? line.slice(0, -1) : line
  return makeVisible(text.length > longestLine ? `${text.slice(0, longestLine)} […]` : text)
}

function readNew(path: string, from: number): { bytes: Buffer; skipped: number; end: number } {
  return withPath(path, () => {
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW)
    try {
      const end = fstatSync(descriptor).size
      const start = Math.max(Math.min(from, end), end - mostPerPump)
      return {
        bytes: readRange(descriptor, start, end - start),
        skipped: Math.max(0, start - from),
        end,
      }
    } finally {
      closeSync(descriptor)
    }
  })
}
