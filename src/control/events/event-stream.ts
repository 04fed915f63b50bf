import type { Clock } from '../../system/index.ts'
import { formatEventId, parseEventId } from './event-id.ts'
import { mergeSources } from './merge-sources.ts'
import type { NumberedSource } from './numbered-source.ts'

export interface EventStreamOptions {
  readonly epoch: string
  readonly sources: readonly NumberedSource[]
  /** `Last-Event-ID` of the reader; without one the stream begins with what comes next. */
  readonly lastId: string | undefined
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly isOpen: () => boolean
}

/** Milliseconds of silence after which a comment is sent, so that both ends notice a dead connection. */
const heartbeat = 15_000

/**
 * Server-sent events as text. Ids are durable: a reader that comes back with the last one it saw gets each event after
 * it once, whichever server it asks and whatever was restarted. When the database was put back in between, an event
 * `reset` says so, and the stream begins with what comes next.
 * @throws AppError `request-invalid` for an id that is none.
 */
export async function openEventStream(options: EventStreamOptions): Promise<AsyncIterable<string>> {
  const { epoch, sources, lastId } = options
  const given = lastId === undefined ? undefined : parseEventId(lastId)
  const isSameLife = given?.epoch === epoch
  const from: Record<string, number> = {}
  for (const source of sources)
    from[source.name] =
      (isSameLife ? given?.numbers[source.name] : undefined) ?? (await source.latest())
  // Fails before anything is sent when there are too many for an id.
  const id = formatEventId({ epoch, numbers: from })
  const isReset = given !== undefined && !isSameLife
  const first = isReset ? textOf({ id, event: 'reset', data: { epoch } }) : `id: ${id}\n\n`
  return streamText(options, { from, first: `retry: 2000\n${first}` })
}

async function* streamText(
  { epoch, sources, clock, signal, isOpen }: EventStreamOptions,
  { from, first }: { readonly from: Record<string, number>; readonly first: string },
): AsyncGenerator<string> {
  yield first
  const numbers = { ...from }
  // The reader may leave while a source is waited for.
  const left = new AbortController()
  const either = AbortSignal.any([signal, left.signal])
  const events = mergeSources(sources, { from, signal: either, isOpen })
  for await (const event of withSilence(events, { clock, onLeave: () => left.abort() })) {
    if (event === undefined) {
      yield ':\n\n'
      continue
    }
    numbers[event.source] = event.number
    yield textOf({ ...event, id: formatEventId({ epoch, numbers }) })
  }
}

/** The same events, and undefined after each time of silence. */
async function* withSilence<Event>(
  events: AsyncGenerator<Event>,
  { clock, onLeave }: { readonly clock: Clock; readonly onLeave: () => void },
): AsyncGenerator<Event | undefined> {
  try {
    for (let next = events.next(); ;) {
      const over = new AbortController()
      const silence = clock.sleep(heartbeat, over.signal).then(
        () => undefined,
        () => undefined,
      )
      const result = await Promise.race([next, silence])
      over.abort()
      if (result === undefined) {
        yield undefined
        continue
      }
      if (result.done === true) return
      yield result.value
      next = events.next()
    }
  } finally {
    onLeave()
    await events.return(undefined)
  }
}

/** JSON has no line break in it, so no value can end the event that it is in. */
function textOf({ id, event, data }: { id: string; event: string; data: unknown }): string {
  return `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`
}
