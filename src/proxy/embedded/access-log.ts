import { closeSync, constants, fstatSync, openSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

import { makeDirectory } from '../../system/index.ts'

/** One finished request. */
export interface AccessRecord {
  readonly peer: string
  readonly method: string
  readonly host: string
  /** Without the query, which may hold secrets. */
  readonly path: string
  readonly status: number
  readonly bytes: number
  readonly milliseconds: number
  readonly endpoint: string
  /** `APP/LABEL` or `-`. */
  readonly deploy: string
  readonly requestId: string
}

/** A log whose lines are written in batches; the last ones may be lost by a crash. */
export interface AccessLog {
  add(record: AccessRecord): void
  flush(): void
  close(): void
}

export const noAccessLog: AccessLog = {
  add: () => undefined,
  flush: () => undefined,
  close: () => undefined,
}

const batchLength = 64 * 1024

/** Opens `path` for appending. Beyond `limit` bytes it becomes `<path>.1` and a new file begins. */
export function openAccessLog(path: string, limit: number): AccessLog {
  makeDirectory(dirname(path))
  let descriptor = openForAppend(path)
  let size = fstatSync(descriptor).size
  let lines = ''

  function flush(): void {
    if (lines === '') return
    const bytes = Buffer.from(lines)
    lines = ''
    try {
      if (size + bytes.length > limit) rotate()
      size += writeSync(descriptor, bytes)
    } catch {
      // A full disk must cost lines of this log, never requests.
    }
  }

  function rotate(): void {
    renameSync(path, `${path}.1`)
    closeSync(descriptor)
    descriptor = openForAppend(path)
    size = 0
  }

  return {
    add: (record) => {
      lines += formatLine(record)
      if (lines.length > batchLength) flush()
    },
    flush,
    close: () => {
      flush()
      closeSync(descriptor)
    },
  }
}

function openForAppend(path: string): number {
  return openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND, 0o640)
}

let stampedSecond = 0
let stamp = ''

/** The time of a line; made once a second, because formatting dates is dear. */
function timeStamp(): string {
  const now = Date.now()
  const second = Math.floor(now / 1000)
  if (second !== stampedSecond) {
    stampedSecond = second
    stamp = new Date(second * 1000).toISOString().replace('.000Z', 'Z')
  }
  return stamp
}

function formatLine(record: AccessRecord): string {
  const path = /^[!-~]*$/.test(record.path) ? record.path : encodeURI(record.path)
  return `${timeStamp()} ${record.peer} ${record.method} ${record.host} ${path} ${record.status} ${record.bytes} ${record.milliseconds.toFixed(1)}ms ${record.endpoint} ${record.deploy} ${record.requestId}\n`
}
