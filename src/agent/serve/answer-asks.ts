import { AppError, toAppError } from '../../errors/index.ts'
import { hostAskSchema, type HostAsk } from '../../protocol/index.ts'
import { sluiceVersion } from '../../system/index.ts'
import type { Bell } from './bell.ts'
import type { AnswerLine, Asker } from './line-socket.ts'
import type { ServeContext } from './serve-context.ts'

export interface AskOptions {
  readonly context: ServeContext
  /** Rung when there is a report, or when what is wanted has changed. */
  readonly news: Bell
  /** A new desired state was taken over. */
  readonly desiredChanged: () => void
}

/** Answers the agent, as `src/protocol/host-door.ts` has it. */
export function answerAsks(options: AskOptions): AnswerLine {
  /** By connection: which version of the wants it was told. */
  const seen = new WeakMap<Asker, number>()
  return async (line, asker) => {
    try {
      return JSON.stringify(await answer(line, { ...options, asker, seen }))
    } catch (thrown) {
      const { code, message, hint } = toAppError(thrown)
      return JSON.stringify({ error: { code, message, ...(hint === undefined ? {} : { hint }) } })
    }
  }
}

interface Asked extends AskOptions {
  readonly asker: Asker
  readonly seen: WeakMap<Asker, number>
}

/** The way a desired state begins, so that it can be counted before it is read. */
const desireBegin = '{"ask":"desire","desired":'

async function answer(line: string, asked: Asked): Promise<unknown> {
  if (line.startsWith(desireBegin) && line.endsWith('}'))
    return takeDesired(line.slice(desireBegin.length, -1), asked)
  const ask = parseAsk(line)
  const { outbox } = asked.context
  switch (ask.ask) {
    case 'hello':
      return describeHost(asked)
    case 'desire':
      return takeDesired(JSON.stringify(ask.desired), asked)
    case 'offer':
      return { taken: await takeOffer(ask, asked.context) }
    case 'reports':
      return await awaitReports(ask, asked)
    case 'acknowledge':
      return { upTo: outbox.acknowledge(ask.upTo) }
  }
}

function parseAsk(line: string): HostAsk {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (cause) {
    throw new AppError('request-invalid', 'the request is not JSON', { cause })
  }
  const result = hostAskSchema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw new AppError('request-invalid', `${issue?.path.join('.')}: ${issue?.message}`)
}

function describeHost({ context, asker, seen }: Asked): unknown {
  const { host, desired, outbox, wants } = context
  const { revision } = desired
  seen.set(asker, wants.version)
  return {
    host: host.settings.host.name,
    version: sluiceVersion,
    ...(revision === undefined ? {} : { desired: revision }),
    acknowledged: outbox.acknowledged,
    wants: wants.list(),
  }
}

/** What follows from it is found out behind the answer, and told as `wants` of the next `reports`. */
function takeDesired(text: string, { context, desiredChanged, asker, seen }: Asked): unknown {
  const { desired, wants } = context
  desired.take(text)
  seen.set(asker, wants.version)
  const answered = { wants: wants.list() }
  desiredChanged()
  return answered
}

type Ask<Kind extends HostAsk['ask']> = Extract<HostAsk, { ask: Kind }>

async function takeOffer(
  { digest, path }: Ask<'offer'>,
  { wants, shelf, changed, outbox, log }: ServeContext,
): Promise<boolean> {
  const wanted = wants.find(digest)
  if (wanted === undefined) return shelf.find(digest) !== undefined
  try {
    await shelf.take(path, wanted)
    wants.drop(digest)
    changed.ring()
    return true
  } catch (thrown) {
    const error = toAppError(thrown)
    log(`the file offered for ${wanted.file} was not taken: ${error.message}`)
    // Without what was found: the file may be none of the asker's business.
    const message = `a file that was offered as ${wanted.file} is not that archive, or could not be copied`
    outbox.tell({ kind: 'alarm', code: error.code, message })
    wants.again()
    return false
  }
}

async function awaitReports(
  { after, wait }: Ask<'reports'>,
  { context, news, asker, seen }: Asked,
): Promise<unknown> {
  const { outbox, wants, clock, signal } = context
  const over = new AbortController()
  const stop = new AbortController()
  clock.sleep(wait, stop.signal).then(
    () => over.abort(),
    () => undefined,
  )
  const ended = AbortSignal.any([over.signal, signal, asker.gone])
  const isNews = (): boolean =>
    outbox.after(after).length > 0 || (seen.get(asker) !== wants.version && wants.list().length > 0)
  try {
    while (!isNews() && !ended.aborted) await news.heard(ended).catch(() => undefined)
  } finally {
    stop.abort()
  }
  seen.set(asker, wants.version)
  return { reports: outbox.after(after), wants: wants.list() }
}
