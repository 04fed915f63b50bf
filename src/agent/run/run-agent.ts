import { join } from 'node:path'

import { toAppError, type AppError } from '../../errors/index.ts'
import { acquireLock, type Clock } from '../../system/index.ts'
import { openServerLine, type ServerLine } from '../server/server-line.ts'
import { openSession, type Session } from '../server/session.ts'
import { openAgentState, requireMembership, type Membership } from '../state/agent-state.ts'
import { openFigures, serveFigures, type AgentFigures } from './agent-figures.ts'
import { bringArchive } from './bring-archives.ts'
import { pollServer } from './poll-server.ts'
import { repeat, type RoundEnd } from './repeat.ts'
import { sendReports } from './send-reports.ts'
import { openStanding, type StandingBoard } from './standing.ts'
import { tellHost } from './tell-host.ts'

export interface AgentOptions {
  readonly state: string
  /** Of `sluice host serve`. */
  readonly hostSocket: string
  /** `127.0.0.1:9101`; no figures unless given. */
  readonly metricsListen?: string | undefined
  readonly clock: Clock
  /** Gets events; each is one line of the log. */
  readonly log: (message: string, facts: Readonly<Record<string, string | number>>) => void
  readonly signal: AbortSignal
}

/**
 * Carries what the server wants to the host, and what the host reports to the server, until the signal is aborted. Either of them
 * may be away for any time.
 * @throws AppError `not-enrolled`, `locked`; `identity-mismatch` with the pinned and the seen key; `agent-unknown`,
 * `agent-quarantined`.
 */
export async function runAgent(options: AgentOptions): Promise<void> {
  const { state: directory, clock, log } = options
  const membership = requireMembership(directory)
  // Two processes with one state would look like two machines with one key.
  const purpose = `be agent ${membership.name}`
  const lock = await acquireLock(join(directory, 'lock'), { purpose, clock })
  const board = openStanding()
  const figures = openFigures(board)
  const stopServing = await serveFigures(figures, options.metricsListen)
  try {
    log('started', { agent: membership.name, server: membership.url })
    await runLoops(options, { membership, board, figures, told: new Map() })
  } finally {
    await stopServing()
    lock.release()
    log('ended', {})
  }
}

interface Inside {
  /** What was last logged of each loop. */
  readonly told: Map<LoopName, { readonly message: string; readonly at: number }>
  readonly membership: Membership
  readonly board: StandingBoard
  readonly figures: AgentFigures
}

async function runLoops(options: AgentOptions, inside: Inside): Promise<void> {
  const stopping = new AbortController()
  const signal = AbortSignal.any([options.signal, stopping.signal])
  const session = sessionOf(options, inside, signal)
  const lines = [0, 1, 2].map(() => lineOf(inside, session, signal))
  const loops = loopsOf({ ...options, signal }, inside, lines).map(([what, work]) =>
    repeat(work, {
      clock: options.clock,
      signal,
      // The host is on this machine and may come back at any moment.
      ...(what === 'host' ? { bounds: hostBounds } : {}),
      onFailure: (error, pause) => noteFailure(options, inside, { what, error, pause }),
    }),
  )
  // One that ends by an error ends the others.
  const ended = loops.map((loop) => loop.finally(() => stopping.abort()))
  const [failed] = (await Promise.allSettled(ended)).filter(({ status }) => status === 'rejected')
  for (const line of lines) line.close()
  if (failed?.status === 'rejected' && !options.signal.aborted) throw toAppError(failed.reason)
}

const hostBounds = { first: 200, most: 5000 }

type LoopName = 'poll' | 'host' | 'reports' | 'archives'
type Loop = readonly [what: LoopName, work: () => Promise<RoundEnd>]

/** Each loop that speaks to the server has a connection of its own: a poll that is held must not keep the others. */
function loopsOf(
  { hostSocket, state, clock, signal }: AgentOptions,
  { board, figures }: Inside,
  [polls, reports, archives]: readonly ServerLine[],
): readonly Loop[] {
  if (polls === undefined || reports === undefined || archives === undefined) return []
  const directory = join(state, 'archives')
  const bring = { line: archives, board, socketPath: hostSocket, directory, signal }
  return [
    [
      'poll',
      async () => {
        figures.countPoll()
        return await pollServer(polls, board, clock)
      },
    ],
    ['host', async () => await good(tellHost(hostSocket, board, signal))],
    ['reports', async () => await good(sendReports(hostSocket, { line: reports, board, signal }))],
    ['archives', async () => await bringArchive(bring)],
  ]
}

async function good(work: Promise<void>): Promise<RoundEnd> {
  await work
  return 'idle'
}

function lineOf({ membership }: Inside, session: Session, signal: AbortSignal): ServerLine {
  const { url, keyHash, isBehindProxy } = membership
  return openServerLine({ server: { url: new URL(url), keyHash, isBehindProxy }, session, signal })
}

function sessionOf(
  { state, clock, log }: AgentOptions,
  { membership, board }: Inside,
  signal: AbortSignal,
): Session {
  const onSkew = (skew: number): void => {
    board.change({ skew })
    if (Math.abs(skew) > worstSkew)
      log('the clocks differ', {
        seconds: Math.round(skew / 1000),
        ahead: 'the server, if positive',
      })
  }
  return openSession({ state: openAgentState(state), membership, clock, signal, onSkew })
}

/** Milliseconds. */
const tellAgainAfter = 10 * 60_000

/** Milliseconds; a signature's or certificate's time means little beyond it. */
const worstSkew = 5 * 60_000

/** One line for what stays the same, until it is better again or some time is over. */
function noteFailure(
  { log, clock }: AgentOptions,
  { board, figures, told }: Inside,
  failed: { readonly what: LoopName; readonly error: AppError; readonly pause: number },
): void {
  const { what, error, pause } = failed
  figures.countFailure(what)
  if (what === 'poll') board.change({ isServerThere: false })
  const { code, message } = error
  const before = told.get(what)
  const isSame = before?.message === message && clock.monotonic() - before.at < tellAgainAfter
  if (isSame) return
  told.set(what, { message, at: clock.monotonic() })
  log('failed', { loop: what, code, problem: message, againIn: Math.round(pause) })
}
