import { AppError } from '../../errors/index.ts'
import type { Clock, RandomText } from '../../system/index.ts'
import type { Storage } from '../storage/storage.ts'
import type { NewRaise, RaiseResult } from '../storage/trigger-records.ts'
import { openBatches } from './batches.ts'
import { checkRaise, storedName, type NameRules } from './check-raise.ts'
import { keepPruned } from './prune.ts'
import { openSequences, type Sequences } from './sequences.ts'
import type { Raised, RaiseRequest, Triggers } from './triggers.ts'

export interface TriggersOptions {
  /** Stays open when the triggers are closed. All raises of one file must come through one `Triggers`. */
  readonly storage: Storage
  readonly clock: Clock
  readonly randomText: RandomText
  /** Which names there may be; `strict` unless told. */
  readonly names?: NameRules
  /** Raises in one transaction; 500 unless told. */
  readonly largestBatch?: number
  /** Milliseconds between looks at a database that other servers share; 1,000 unless told. */
  readonly pollEvery?: number
}

/** Opens the triggers of a database; see `Triggers`. */
export function openTriggers(options: TriggersOptions): Triggers {
  const { storage, clock, names: rules = 'strict', pollEvery = 1000, largestBatch = 500 } = options
  const sequences = openSequences({ storage, clock, pollEvery })
  const raises = openBatches(committer(options, sequences), { largest: largestBatch })
  const closing = new AbortController()
  const pruning = keepPruned(storage, clock, closing.signal)
  return {
    epoch: storage.epoch,
    raise: async (name, how) => {
      checkRaise(how)
      const trigger = storedName(name, rules)
      const result = await raises.submit(askedRaise(trigger, how, clock.now()))
      return raisedOf(name, how, result)
    },
    read: async (name, { create = false } = {}) => {
      const stored = storedName(name, rules)
      const sequence = await sequences.read(stored)
      if (sequence !== undefined || !create) return sequence ?? 0
      await storage.triggers.define({ name: stored, at: clock.now() })
      return (await sequences.read(stored)) ?? 0
    },
    waitBeyond: (name, after, wait) => sequences.waitBeyond(storedName(name, rules), after, wait),
    close: async () => {
      closing.abort()
      await raises.close()
      await sequences.close()
      await pruning
    },
  }
}

type AskedRaise = Omit<NewRaise, 'id'>

/** Commits a batch of raises at once: one flush of the disk for all of them. */
function committer({ storage, randomText }: TriggersOptions, sequences: Sequences) {
  return async (asked: readonly AskedRaise[]): Promise<readonly RaiseResult[]> => {
    const batch = randomText(20)
    const raises = asked.map((raise, index) => ({ ...raise, id: `${batch}.${index}` }))
    const results = await storage.triggers.raise(raises)
    const reached = new Map<string, number>()
    raises.forEach(({ trigger }, index) => {
      const result = results[index]
      // The sequence that a repeat got is an old one; of those in a batch the last is the highest.
      if (result?.kind === 'raised') reached.set(trigger, result.sequence)
    })
    for (const [trigger, sequence] of reached) sequences.note(trigger, sequence)
    return results
  }
}

function askedRaise(trigger: string, how: RaiseRequest, at: number): AskedRaise {
  const { key, digest, by, source, create = false, audit } = how
  return { trigger, key, digest, at, by, source, create, audit }
}

function raisedOf(name: string, { key }: RaiseRequest, result: RaiseResult): Raised {
  if (result.kind === 'unknown-trigger')
    throw new AppError('not-found', `there is no trigger "${name}"`)
  if (result.kind !== 'key-reused')
    return { name, sequence: result.sequence, isRepeat: result.kind === 'repeated' }
  const message = `the idempotency key ${JSON.stringify(key)} was used for another request, which is number ${result.sequence} of trigger "${name}"`
  throw new AppError('key-reused', message, { hint: 'give each request a key of its own' })
}
