import type { Kysely, RawBuilder, Transaction } from 'kysely'

import { AppError } from '../../errors/index.ts'
import type { Clock } from '../../system/index.ts'
import type { Changes } from './changes.ts'
import type { Tables } from './tables/table-types.ts'

/** Where the two databases differ. */
export interface Dialect {
  readonly name: 'sqlite' | 'postgres'
  /** Whether rows can be locked for a transaction; without, a transaction excludes every other one anyway. */
  readonly hasRowLocks: boolean
  /** Whether a transaction can tell other servers what it changed. */
  readonly hasNotify: boolean
  /** Lets one transaction migrate at a time; undefined where a transaction excludes every other one anyway. */
  readonly migrationLock: RawBuilder<unknown> | undefined
  /** The database's clock in milliseconds since 1970, now and not at the start of the transaction. */
  readonly now: RawBuilder<number>
  /** What a failure of the database means; undefined when it is none. */
  explain(thrown: unknown): Failure | undefined
}

export interface Failure {
  readonly error: AppError
  /** Whether the same transaction may well succeed a moment later. */
  readonly isTransient: boolean
}

export type DatabaseTransaction = Transaction<Tables>

export interface Database {
  readonly dialect: Dialect
  readonly query: Kysely<Tables>
  /**
   * Runs `work` in one transaction. Deadlocks and lost connections repeat it as a whole, a bounded number of times;
   * `attempt` counts from 1, and from 2 on an earlier one may have been committed.
   */
  transaction<Result>(work: TransactionWork<Result>): Promise<Result>
}

export type TransactionWork<Result> = (
  transaction: DatabaseTransaction,
  attempt: number,
) => Promise<Result>

/** What both databases are opened with. */
export interface Surroundings {
  readonly clock: Clock
  /** Between 0 and 1. */
  readonly random: () => number
  /** The epoch of a database that is made now. */
  readonly newEpoch: string
  /** Hears of what transactions have changed, once they are durable. */
  readonly changes?: Changes
}

export function openDatabase(
  query: Kysely<Tables>,
  dialect: Dialect,
  { clock, random, changes }: Pick<Surroundings, 'clock' | 'random' | 'changes'>,
): Database {
  async function transaction<Result>(work: TransactionWork<Result>): Promise<Result> {
    const lastTry = clock.monotonic() + longestTrying
    for (let attempt = 1; ; attempt++) {
      const changed = new Set<string>()
      const outcome = await tryOnce(query, (inside) => {
        contexts.set(inside, { dialect, changed })
        return work(inside, attempt)
      })
      if ('result' in outcome) {
        if (changed.size > 0) changes?.tell('agents', [...changed])
        return outcome.result
      }
      const failure = dialect.explain(outcome.thrown)
      if (failure === undefined) throw outcome.thrown
      const isLast = attempt === attempts || clock.monotonic() >= lastTry
      if (isLast || !failure.isTransient) throw failure.error
      await clock.sleep(retryDelay(attempt, random))
    }
  }
  return { dialect, query, transaction }
}

interface TransactionContext {
  readonly dialect: Dialect
  /** Ids of agents. */
  readonly changed: Set<string>
}

/** So that whoever is handed a transaction needs nothing else. */
const contexts = new WeakMap<DatabaseTransaction, TransactionContext>()

/** @throws AppError `bug` for a transaction of somebody else. */
export function contextOf(transaction: DatabaseTransaction): TransactionContext {
  const context = contexts.get(transaction)
  if (context === undefined) throw new AppError('bug', 'a transaction that no database has begun')
  return context
}

const attempts = 9
/** Milliseconds after which none is begun: a try may take long when nobody answers. */
const longestTrying = 15_000
const firstDelay = 20
const longestDelay = 1000

/** Half of it by chance, so that servers that met once do not meet again. */
export function retryDelay(attempt: number, random: () => number): number {
  return Math.min(longestDelay, firstDelay * 2 ** (attempt - 1)) * (0.5 + random() / 2)
}

type Outcome<Result> = { readonly result: Result } | { readonly thrown: unknown }

async function tryOnce<Result>(
  query: Kysely<Tables>,
  work: (transaction: DatabaseTransaction) => Promise<Result>,
): Promise<Outcome<Result>> {
  let first: Outcome<Result> | undefined
  try {
    const result = await query.transaction().execute(async (transaction) => {
      try {
        return await work(transaction)
      } catch (thrown) {
        // On a lost connection the rollback fails too, and its error would hide this one.
        first = { thrown }
        throw thrown
      }
    })
    return { result }
  } catch (thrown) {
    return first ?? { thrown }
  }
}
