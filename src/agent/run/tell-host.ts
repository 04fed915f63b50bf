import { connectHost } from '../host/ask-host.ts'
import type { StandingBoard } from './standing.ts'

/**
 * Keeps one connection to the host and gives it every desired state that comes, until the connection ends. What the host has is
 * asked first, so that one which was put back gets it again.
 * @throws AppError `host-unreachable`; what the host refused with.
 */
export async function tellHost(
  socketPath: string,
  board: StandingBoard,
  signal: AbortSignal,
): Promise<void> {
  const line = await connectHost(socketPath, signal)
  try {
    const { desired: onHost, wants } = await line.ask({ ask: 'hello' })
    board.change({ isHostThere: true, onHost, wants })
    const stop = AbortSignal.any([signal, line.ended])
    while (!stop.aborted) {
      const { desired, onHost: had } = board.read()
      if (desired === undefined || isSame(desired, had)) {
        await board.changed(stop)
        continue
      }
      const { wants: wanted } = await line.ask({ ask: 'desire', desired })
      const { epoch, revision } = desired
      board.change({ onHost: { epoch, revision }, wants: wanted })
    }
  } finally {
    board.change({ isHostThere: false })
    line.close()
  }
}

interface Mark {
  readonly epoch: string
  readonly revision: number
}

function isSame(left: Mark, right: Mark | undefined): boolean {
  return left.epoch === right?.epoch && left.revision === right.revision
}
