import { createHash } from 'node:crypto'
import { join } from 'node:path'

import { makeDirectory, readStateFile, writeStateFile } from '../../../system/index.ts'
import type { ClientSettings } from '../settings.ts'
import type { TriggerCount } from './next-move.ts'

/** The count up to which a client has done its work. */
export interface HandledCount {
  read(): TriggerCount | undefined
  /** Whether the client ended while a script ran. */
  readonly wasInterrupted: boolean
  /** `isRunning`: a script is about to start. It is noted before, so that no script is started twice. */
  write(seen: TriggerCount, isRunning: boolean): void
}

interface State {
  readonly count: number
  readonly epoch?: string
  readonly isRunning: boolean
}

const format = 1

/** Keeps it in a file when there is a state directory, else not. @throws AppError `state-corrupt`, `io-failed`. */
export function openHandledCount(settings: ClientSettings): HandledCount {
  const { state: directory } = settings
  if (directory === undefined) {
    return { read: () => undefined, wasInterrupted: false, write: () => undefined }
  }
  makeDirectory(directory, 0o700)
  const path = join(directory, `client-${nameOf(settings)}.json`)
  const stored = readStateFile<State>(path, format)?.state
  let written = JSON.stringify(stored)
  return {
    read: () => (stored === undefined ? undefined : { count: stored.count, epoch: stored.epoch }),
    wasInterrupted: stored?.isRunning ?? false,
    write: ({ count, epoch }, isRunning) => {
      const state: State = { count, ...(epoch === undefined ? {} : { epoch }), isRunning }
      const text = JSON.stringify(state)
      if (text === written) return
      writeStateFile(path, format, state)
      written = text
    },
  }
}

/** Several clients of a machine may share a directory. */
function nameOf({ host, trigger, script }: ClientSettings): string {
  const name = JSON.stringify([host, trigger, script])
  return createHash('sha256').update(name).digest('hex').slice(0, 16)
}
