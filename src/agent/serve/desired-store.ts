import { AppError } from '../../errors/index.ts'
import { desiredStateSchema, type DesiredState } from '../../protocol/index.ts'
import { openDesiredLog, type DesiredLog } from './desired-log.ts'

/** The desired state that this host works towards, and how often we died of it. */
export interface DesiredStore {
  /** Undefined when there is none, or when it is set aside. */
  readonly current: DesiredState | undefined
  /** Of the newest that was understood or set aside. */
  readonly revision: Revision | undefined
  /** Set aside: we ended three times while working on it. */
  readonly isAside: boolean
  /**
   * Takes a state over, durably, counting before anything of it is read. An older revision changes nothing.
   * @throws AppError `request-invalid`, `desire-poisoned`.
   */
  take(text: string): void
  /** Work on it goes on that may end us; counted before it begins. */
  unsettle(): void
  /** We have come through the present state without ending: the count begins anew. */
  settle(): void
  close(): void
}

/** The third end in the middle of one state is its own fault. */
const mostEnds = 3

export function openDesiredStore(directory: string): DesiredStore {
  const log = openDesiredLog(directory)
  const begun = begin(log)
  let current = begun
  let revision: Revision | undefined = begun ?? guessRevision(log.progress.text ?? '')

  return {
    get current() {
      return current
    },
    get revision() {
      if (revision === undefined) return undefined
      return { epoch: revision.epoch, revision: revision.revision }
    },
    get isAside() {
      return log.progress.isAside
    },
    take: (text) => {
      const { progress } = log
      if (text === progress.text) {
        if (progress.isAside) throw poisoned()
        return
      }
      log.append({ type: 'came', text })
      const read = readOrVoid(text, () => log.append({ type: 'void' }))
      if (isOldNews(read, revision)) return log.append({ type: 'void' })
      current = read
      revision = read
    },
    unsettle: () => {
      if (log.progress.isSettled) log.append({ type: 'began' })
    },
    settle: () => {
      const { text, isSettled, isAside } = log.progress
      if (text !== undefined && !isSettled && !isAside) log.append({ type: 'settled' })
    },
    close: () => log.close(),
  }
}

/** Goes on with what came last, unless that has ended us too often; undefined when it is set aside. */
function begin(log: DesiredLog): DesiredState | undefined {
  const { text, isSettled, isAside, ends } = log.progress
  if (text === undefined || isAside) return undefined
  if (!isSettled && ends >= mostEnds) {
    log.append({ type: 'aside' })
    return undefined
  }
  log.append({ type: 'began' })
  return readOrVoid(text, () => undefined)
}

interface Revision {
  readonly epoch: string
  readonly revision: number
}

function readOrVoid(text: string, giveUp: () => void): DesiredState {
  try {
    return parse(text)
  } catch (error) {
    giveUp()
    throw error
  }
}

/** @throws AppError `request-invalid`. */
function parse(text: string): DesiredState {
  const value = parseJson(text)
  const result = desiredStateSchema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw new AppError('request-invalid', `${issue?.path.join('.')}: ${issue?.message}`)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new AppError('request-invalid', 'the desired state is not JSON', { cause })
  }
}

function isOldNews(next: Revision, present: Revision | undefined): boolean {
  return present?.epoch === next.epoch && next.revision <= present.revision
}

/** Of a state that must not be read any more, so that the server is asked for what comes after it. */
function guessRevision(text: string): Revision | undefined {
  const found = /^\{"epoch":"([^"]{1,200})","revision":(\d{1,15}),/.exec(text)
  return found === null ? undefined : { epoch: found[1] ?? '', revision: Number(found[2]) }
}

function poisoned(): AppError {
  return new AppError(
    'desire-poisoned',
    `this state ended us ${mostEnds} times and is set aside; the next revision is taken again`,
  )
}
