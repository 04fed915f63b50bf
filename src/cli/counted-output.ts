import type { OutputStream } from '../terminal/index.ts'

export interface CountedOutput extends OutputStream {
  /** Settles when nothing that was written is under way any more. */
  written(): Promise<void>
}

/**
 * A stream that knows when all that was written has left it. Every write is counted, because Bun calls back an empty one
 * before those that wait for a slow reader.
 */
export function countOutput(
  stream: NodeJS.WriteStream,
  onFailure: (error: Error) => void,
): CountedOutput {
  let underWay = 0
  let whenIdle: (() => void) | undefined
  stream.on('error', onFailure)
  const leave = (error?: Error | null): void => {
    underWay--
    if (error) onFailure(error)
    if (underWay === 0) whenIdle?.()
  }
  return {
    write(text) {
      underWay++
      stream.write(text, leave)
    },
    get isTTY() {
      return stream.isTTY
    },
    get columns() {
      return stream.columns
    },
    get rows() {
      return stream.rows
    },
    written: () =>
      new Promise((resolve) => {
        whenIdle = resolve
        if (underWay === 0) resolve()
      }),
  }
}
