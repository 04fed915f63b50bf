import type { Clock } from '../../system/index.ts'
import { readPoll } from '../server/server-answers.ts'
import type { ServerLine } from '../server/server-line.ts'
import type { RoundEnd } from './repeat.ts'
import type { StandingBoard } from './standing.ts'

/** Seconds that the server holds a poll, and milliseconds after which its silence means that it is gone. */
const hold = 25
const deadline = 35_000

/** Asks once for what the host is to do beyond what is known here. */
export async function pollServer(
  line: ServerLine,
  board: StandingBoard,
  clock: Clock,
): Promise<RoundEnd> {
  const { desired, onHost } = board.read()
  const known = desired ?? onHost
  const body = { epoch: known?.epoch ?? null, revision: known?.revision ?? 0, wait: hold }
  const as = { read: readPoll, timeout: deadline }
  const { desired: fresh } = await line.ask('/v1/agent/poll', body, as)
  board.change({ answeredAt: clock.now(), isServerThere: true })
  if (fresh === undefined) return 'idle'
  const isNews = fresh.epoch !== known?.epoch || fresh.revision > known.revision
  if (isNews) board.change({ desired: fresh })
  return isNews ? 'good' : 'idle'
}
