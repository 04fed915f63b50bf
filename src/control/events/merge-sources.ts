import type { NumberedEvent, NumberedSource } from './numbered-source.ts'

export interface SourcedEvent extends NumberedEvent {
  readonly source: string
}

export interface MergeOptions {
  /** The number after which each source is read. */
  readonly from: Readonly<Record<string, number>>
  readonly signal: AbortSignal
  /** False when the server ends: what is waited for is then answered at once, and for the last time. */
  readonly isOpen: () => boolean
}

/** Events read at a time, and milliseconds of one wait. */
const [page, longestWait] = [100, 25_000] as const

/**
 * Events of all sources, each source's in order, until the signal or the server's end. No source is read further than
 * its reader has come, so a slow one costs one page of each.
 */
export async function* mergeSources(
  sources: readonly NumberedSource[],
  { from, signal, isOpen }: MergeOptions,
): AsyncGenerator<SourcedEvent> {
  const ending = new AbortController()
  const both = AbortSignal.any([signal, ending.signal])
  const readers = sources.map((source) =>
    readSource(source, { after: from[source.name] ?? 0, signal: both, isOpen }),
  )
  const pending = new Map(readers.map((reader) => [reader, reader.next().then(tag(reader))]))
  try {
    while (pending.size > 0) {
      const { reader, result } = await Promise.race(pending.values())
      if (result.done === true) {
        pending.delete(reader)
        continue
      }
      yield* result.value
      pending.set(reader, reader.next().then(tag(reader)))
    }
  } finally {
    ending.abort()
    await Promise.allSettled(pending.values())
  }
}

type Reader = AsyncGenerator<readonly SourcedEvent[], void>

function tag(reader: Reader) {
  return (result: IteratorResult<readonly SourcedEvent[], void>) => ({ reader, result })
}

async function* readSource(
  source: NumberedSource,
  {
    after,
    signal,
    isOpen,
  }: {
    readonly after: number
    readonly signal: AbortSignal
    readonly isOpen: () => boolean
  },
): Reader {
  let number = after
  while (!signal.aborted && isOpen()) {
    const events = await source.read(number, page)
    number = events.at(-1)?.number ?? number
    if (events.length > 0) yield events.map((event) => ({ ...event, source: source.name }))
    else await source.wait(number, { timeout: longestWait, signal })
  }
}
