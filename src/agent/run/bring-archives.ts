import { readdirSync } from 'node:fs'
import { join } from 'node:path'

import { AppError } from '../../errors/index.ts'
import { makeDirectory, removeFile } from '../../system/index.ts'
import { connectHost } from '../host/ask-host.ts'
import type { ServerLine } from '../server/server-line.ts'
import { fetchArchive } from './fetch-archive.ts'
import type { StandingBoard } from './standing.ts'

export interface BringMeans {
  readonly line: ServerLine
  readonly board: StandingBoard
  readonly socketPath: string
  /** Where archives lie until the host has them; at most one at a time. */
  readonly directory: string
  readonly signal: AbortSignal
}

/** Waits until the host wants archives, fetches one of them and offers it. @throws AppError of either side. */
export async function bringArchive(means: BringMeans): Promise<'good'> {
  const { line, board, socketPath, directory, signal } = means
  while (board.read().wants.length === 0) {
    if (signal.aborted) return 'good'
    await board.changed(signal)
  }
  const { wants } = board.read()
  // Any of them: one that cannot be had must not keep the others.
  const wanted = wants[Math.floor(Math.random() * wants.length)]
  if (wanted === undefined) return 'good'
  makeDirectory(directory, 0o700)
  removeOthers(directory, wanted.digest)
  const path = await fetchArchive(line, directory, wanted)
  const host = await connectHost(socketPath, signal)
  try {
    const { taken } = await host.ask({ ask: 'offer', digest: wanted.digest, path })
    board.change({ wants: (await host.ask({ ask: 'hello' })).wants })
    if (taken) return 'good'
    throw new AppError('archive-invalid', `the host does not take archive ${wanted.digest}`)
  } finally {
    host.close()
    removeFile(path)
  }
}

/** What an earlier run has left, unless it is the beginning of what is wanted now. */
function removeOthers(directory: string, digest: string): void {
  for (const name of readdirSync(directory)) if (name !== digest) removeFile(join(directory, name))
}
