import { readdirSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'

import { reportError } from '../../events/index.ts'
import { runSteps, type Journal, type Step } from '../../steps/index.ts'
import {
  bootId,
  makeDirectory,
  openAppendLog,
  randomText,
  removeFile,
  type FileLock,
} from '../../system/index.ts'
import type { Camus2 } from './camus2.ts'
import { ownPaths } from './deploys-directory.ts'

export interface JournaledDeed {
  /** The command, such as `start`. */
  readonly kind: string
  readonly request: unknown
  readonly steps: readonly Step<DeedContext>[]
  readonly lock: FileLock
}

export interface DeedContext {
  facts: Readonly<Record<string, unknown>>
  readonly signal: AbortSignal
}

const keptJournals = 100

/**
 * Runs a list of steps and writes down what happened. The journal is for people and for later versions: nothing
 * is resumed from it and nothing undone, because state.json alone says what is deployed.
 */
export async function runJournaled(camus2: Camus2, deed: JournaledDeed): Promise<void> {
  const { clock } = camus2
  const journal = openJournal(ownPaths(camus2.config).journal, clock.now())
  journal.append({
    type: 'started',
    at: clock.now(),
    kind: deed.kind,
    by: userInfo().username,
    bootId: bootId(),
    fence: deed.lock.fence,
    request: deed.request,
    steps: deed.steps.map((step) => step.name),
  })
  const context: DeedContext = { facts: {}, signal: new AbortController().signal }
  try {
    await runSteps({ steps: deed.steps, context, journal, report: () => undefined, clock })
    journal.append({ type: 'outcome', at: clock.now(), outcome: 'succeeded' })
  } catch (error) {
    const report = reportError(error)
    journal.append({ type: 'outcome', at: clock.now(), outcome: 'partial', error: report })
    throw error
  } finally {
    journal.close()
  }
}

function openJournal(directory: string, now: number): Journal & { close(): void } {
  makeDirectory(directory, 0o700)
  for (const old of listJournals(directory).slice(0, -keptJournals))
    removeFile(join(directory, old))
  const time = new Date(now).toISOString().replaceAll(/[:.]/g, '-')
  const log = openAppendLog(join(directory, `${time}-${randomText(6)}.log`))
  // Nothing was done yet, and nobody reads it again: a c2 never resumes.
  return { entries: () => [], append: (entry) => log.append(entry), close: () => log.close() }
}

/** Oldest first: names begin with their time. */
function listJournals(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.log'))
    .toSorted()
}
