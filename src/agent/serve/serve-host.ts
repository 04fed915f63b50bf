import { join } from 'node:path'

import { openHost, type HostSettings } from '../../host/index.ts'
import { openPolicyFile } from '../../policy/index.ts'
import { acquireLock, makeDirectory, systemClock, type Clock } from '../../system/index.ts'
import { answerAsks } from './answer-asks.ts'
import { openArchiveShelf } from './archive-shelf.ts'
import { createBell } from './bell.ts'
import { openDesiredStore } from './desired-store.ts'
import { listenForLines } from './line-socket.ts'
import { openOutbox } from './outbox.ts'
import { openProvedSequences } from './proved-sequences.ts'
import type { ServeContext } from './serve-context.ts'
import { createTurns } from './turns.ts'
import { createWantList } from './want-list.ts'
import { startWork } from './work-on-desired.ts'

export interface ServeHostOptions {
  readonly settings: HostSettings
  /** sluice.yaml as it is now, for every deployment. */
  readonly readSettings: () => Promise<HostSettings>
  /** Path of the policy file. */
  readonly policy: string
  /** Directory of what must survive a restart. */
  readonly state: string
  /** Path of the socket. */
  readonly socket: string
  /** Group that may use the socket besides its owner. */
  readonly group?: number
  readonly log: (message: string) => void
  readonly clock?: Clock
}

export interface HostService {
  readonly socket: string
  /** Takes no more requests, lets scripts come to the end of their line, and leaves deployments to the next start. */
  close(): Promise<void>
}

/** Deployments that stage at the same time. */
const mostStaging = 4

/**
 * Works towards what a server wants, as far as the policy of this host allows: the part of the agent that acts. It may
 * be killed at any moment. @throws AppError `locked` when another one works on the same state.
 */
export async function serveHost(options: ServeHostOptions): Promise<HostService> {
  const { settings, clock = systemClock, log } = options
  makeDirectory(options.state, 0o700)
  const purpose = 'serve what a server wants'
  const lock = await acquireLock(join(options.state, 'lock'), { purpose, clock })
  const ending = new AbortController()
  const news = createBell()
  const outbox = openOutbox(options.state, clock, news)
  const desired = openDesiredStore(options.state)
  const context: ServeContext = {
    host: openHost({
      settings,
      report: () => undefined,
      signal: ending.signal,
      operator: 'the server',
      wait: 5000,
      clock,
    }),
    readSettings: options.readSettings,
    policy: openPolicyFile(options.policy),
    desired,
    outbox,
    shelf: openArchiveShelf(options.state),
    wants: createWantList(news),
    proved: openProvedSequences(options.state),
    changed: createBell(),
    turns: createTurns(mostStaging),
    clock,
    signal: ending.signal,
    log,
  }
  if (desired.isAside) tellPoison(context)
  const work = startWork(context)
  const answer = answerAsks({ context, news, desiredChanged: () => work.follow() })
  const door = await listenForLines(options.socket, options.group, answer)
  work.follow()
  return {
    socket: options.socket,
    close: async () => {
      door.close()
      ending.abort()
      await work.scriptsEnded()
      // What we leave behind is not the fault of what was desired.
      desired.settle()
      outbox.close()
      desired.close()
      lock.release()
    },
  }
}

function tellPoison({ desired, outbox, log }: ServeContext): void {
  const { revision } = desired.revision ?? {}
  const message = `revision ${revision ?? 'unknown'} of the desired state ended us three times and is set aside`
  log(message)
  outbox.tell({ kind: 'alarm', code: 'desire-poisoned', message })
}
