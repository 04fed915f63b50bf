import { setTimeout as sleep } from 'node:timers/promises'

import { askOnce, type BuiltServer } from '../built-server.ts'

/** What one poller was told, in order. */
export interface Told {
  readonly trigger: string
  readonly epoch: string
  readonly sequence: number
}

export interface Poller {
  readonly told: readonly Told[]
  /** Polls that it broke off itself. */
  brokenOff(): number
  /** Resolves once it has been told a sequence at least that high, or not within 30 s; it then polls no more. */
  endAt(sequence: number): Promise<void>
  /** At once. */
  stop(): Promise<void>
}

export interface Polling {
  readonly server: BuiltServer
  readonly token: string
  readonly trigger: string
  readonly random: () => number
}

/** A share of the polls is broken off within so many milliseconds, as by hosts whose network comes and goes. */
const [flaps, longestFlap] = [0.3, 300] as const

/** Polls a trigger without pause, each poll held until there is news, until told to end. */
export function startPoller({ server, token, trigger, random }: Polling): Poller {
  const told: Told[] = []
  const stopping = new AbortController()
  let brokenOff = 0
  let last: Told | undefined
  let goal = Infinity

  async function poll(): Promise<void> {
    await server.whenUp()
    const hold = last === undefined ? '' : `?after=${last.sequence}&wait=25&epoch=${last.epoch}`
    const flap =
      random() < flaps ? AbortSignal.timeout(Math.ceil(random() * longestFlap)) : undefined
    const signals = flap === undefined ? [stopping.signal] : [stopping.signal, flap]
    const answer = await askOnce(server, {
      method: 'GET',
      path: `/v1/triggers/${trigger}${hold}`,
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.any(signals),
    }).catch(() => undefined)
    if (flap?.aborted === true) brokenOff += 1
    if (answer === undefined || answer.status === 503) return
    if (answer.status !== 200) throw new Error(`a poll was answered with ${answer.status}`)
    const { epoch, sequence } = JSON.parse(answer.text) as Told
    last = { trigger, epoch, sequence }
    told.push(last)
  }
  async function pollOn(): Promise<void> {
    while (!stopping.signal.aborted && (last === undefined || last.sequence < goal)) {
      await poll()
      // As long as a host takes to start a script.
      await sleep(5)
    }
  }
  const polling = pollOn()
  polling.catch(() => undefined)
  return {
    told,
    brokenOff: () => brokenOff,
    endAt: async (sequence) => {
      goal = sequence
      // Held for what will never come.
      if ((last?.sequence ?? 0) >= goal) stopping.abort()
      const patience = setTimeout(() => stopping.abort(), 30_000)
      await polling.finally(() => clearTimeout(patience))
    },
    stop: async () => {
      stopping.abort()
      await polling.catch(() => undefined)
    },
  }
}
