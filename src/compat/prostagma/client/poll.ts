import { AppError } from '../../../errors/index.ts'
import type { Clock } from '../../../system/index.ts'
import { afterHeader, epochHeader, holdHeader, longestHold } from '../../../control/index.ts'
import type { ClientSettings } from '../settings.ts'
import { askServer, readText } from './ask-server.ts'
import type { TriggerCount } from './next-move.ts'

export interface PollAnswer extends TriggerCount {
  /** Whether the server would hold the next poll until there is something new. */
  readonly offersHold: boolean
}

/** Asks for the count; `held` is what is known, and has the server answer when that is old. */
export type Poll = (held: TriggerCount | undefined, signal: AbortSignal) => Promise<PollAnswer>

/** Bytes of an answer; a name has at most the 64 KiB of a request. */
const longestAnswer = 1024 * 1024

/** Polls a server. It rejects with an AppError when the answer is late, none, or not to be understood. */
export function createPoll(settings: ClientSettings, clock: Clock): Poll {
  const { host, secret, trigger, connectTimeout, pollTimeout } = settings
  return async (held, signal) => {
    const over = new AbortController()
    const late = new AbortController()
    const time = pollTimeout + (held === undefined ? 0 : longestHold * 1000)
    clock.sleep(time, over.signal).then(
      () => late.abort(new AppError('download-failed', `no answer within ${time} ms`)),
      () => undefined,
    )
    try {
      const response = await askServer(host, {
        method: 'GET',
        path: '/trigger',
        body: { secret, trigger },
        headers: held === undefined ? {} : holdHeaders(held),
        signal: AbortSignal.any([signal, late.signal]),
        connectTimeout,
      })
      const text = await readText(response, longestAnswer)
      const epoch = response.headers[epochHeader]
      return {
        count: readCount(text),
        epoch: typeof epoch === 'string' ? epoch : undefined,
        offersHold: Number(response.headers[holdHeader]) > 0,
      }
    } finally {
      over.abort()
    }
  }
}

function holdHeaders({ count, epoch }: TriggerCount): Record<string, string> {
  return {
    [holdHeader]: String(longestHold),
    [afterHeader]: String(count),
    ...(epoch === undefined ? {} : { [epochHeader]: epoch }),
  }
}

function readCount(text: string): number {
  let answer: unknown
  try {
    answer = JSON.parse(text)
  } catch {
    throw notUnderstood(text)
  }
  const count: unknown = answer instanceof Object && 'count' in answer ? answer.count : undefined
  if (typeof count === 'number' && Number.isSafeInteger(count) && count >= 0) return count
  throw notUnderstood(text)
}

function notUnderstood(text: string): AppError {
  return new AppError('download-failed', `an answer that is no count: ${text.slice(0, 100)}`)
}
