import { createHash } from 'node:crypto'

import { AppError } from '../errors/index.ts'
import { readIfPresent, replaceFile, type WriteOptions } from './atomic-file.ts'

/** A state as it lies on the disk. `generation` grows by one with every write and never goes back. */
export interface StoredState<State> {
  readonly generation: number
  readonly state: State
  /** True when the file itself was damaged or missing and its previous copy was read. */
  readonly isPrevious: boolean
}

interface Envelope {
  readonly format: number
  readonly generation: number
  readonly checksum: string
  readonly state: unknown
}

/**
 * Reads a checksummed state file; `<path>.previous` takes over when the file is damaged or missing.
 * Answers undefined only when neither exists: a damaged state is never taken for an empty one.
 * @throws AppError `state-corrupt`, `state-too-new`.
 */
export function readStateFile<State>(path: string, format: number): StoredState<State> | undefined {
  const copies = [path, `${path}.previous`].map((copy) => ({ copy, bytes: readIfPresent(copy) }))
  const present = copies.filter((candidate) => candidate.bytes !== undefined)
  if (present.length === 0) return undefined
  for (const { copy, bytes } of present) {
    const envelope = parseEnvelope(bytes?.toString('utf8') ?? '')
    if (envelope === undefined) continue
    if (envelope.format > format) throw tooNew(copy, envelope.format, format)
    return {
      generation: envelope.generation,
      state: envelope.state as State,
      isPrevious: copy !== path,
    }
  }
  throw new AppError('state-corrupt', `${path} and its previous copy are damaged`, {
    hint: 'restore the file from a backup; nothing was changed and what runs goes on running',
  })
}

/** Writes the next generation; the present one is first kept as `<path>.previous`. */
export function writeStateFile<State>(
  path: string,
  format: number,
  state: State,
  options: WriteOptions = {},
): StoredState<State> {
  const present = readStateFile<State>(path, format)
  const generation = (present?.generation ?? 0) + 1
  // A damaged file must not take the place of its good copy.
  const keep = present === undefined || present.isPrevious ? {} : { keepAs: `${path}.previous` }
  replaceFile(path, seal(format, generation, state), { ...options, ...keep })
  return { generation, state, isPrevious: false }
}

function seal(format: number, generation: number, state: unknown): string {
  const envelope: Envelope = { format, generation, checksum: checksum(generation, state), state }
  return `${JSON.stringify(envelope)}\n`
}

function parseEnvelope(text: string): Envelope | undefined {
  try {
    const envelope = JSON.parse(text) as Envelope
    return envelope.checksum === checksum(envelope.generation, envelope.state)
      ? envelope
      : undefined
  } catch {
    return undefined
  }
}

function checksum(generation: number, state: unknown): string {
  return createHash('sha256')
    .update(`${generation}\n${JSON.stringify(state)}`)
    .digest('hex')
}

function tooNew(path: string, found: number, known: number): AppError {
  return new AppError(
    'state-too-new',
    `${path} has format ${found}, this sluice knows up to ${known}`,
    {
      hint: 'use the newer sluice that wrote it; nothing was changed',
    },
  )
}
