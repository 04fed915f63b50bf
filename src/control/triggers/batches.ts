import { AppError } from '../../errors/index.ts'

export interface Batches<Item, Result> {
  /** Resolves with the item's own result once its batch is done. */
  submit(item: Item): Promise<Result>
  /** Takes nothing more and resolves when everything that was submitted is done. */
  close(): Promise<void>
}

export interface BatchOptions {
  readonly largest: number
  /** Items that may wait; more are refused. */
  readonly mostWaiting?: number
}

/**
 * Does work in batches, one at a time and in the order of arrival: what arrives while one is under way is in the next, so
 * that many share the cost of one. A batch that fails for the database's sake fails all its items; one that fails
 * otherwise is done again item by item, once, so that a bad item fails alone.
 */
export function openBatches<Item, Result>(
  work: (items: readonly Item[]) => Promise<readonly Result[]>,
  { largest, mostWaiting = 100_000 }: BatchOptions,
): Batches<Item, Result> {
  const waiting: Waiting<Item, Result>[] = []
  let running: Promise<void> | undefined
  let isClosed = false

  async function runAll(): Promise<void> {
    while (waiting.length > 0) {
      // Lets everything in that has come meanwhile.
      await new Promise(setImmediate)
      await runBatch(work, waiting.splice(0, largest))
    }
    running = undefined
  }
  return {
    submit: (item) =>
      new Promise((resolve, reject) => {
        if (isClosed)
          return reject(new AppError('aborted', 'the server is closing', { retryable: true }))
        if (waiting.length >= mostWaiting) return reject(overloaded(mostWaiting))
        waiting.push({ item, resolve, reject })
        running ??= runAll()
      }),
    close: async () => {
      isClosed = true
      await running
    },
  }
}

interface Waiting<Item, Result> {
  readonly item: Item
  readonly resolve: (result: Result) => void
  readonly reject: (thrown: unknown) => void
}

async function runBatch<Item, Result>(
  work: (items: readonly Item[]) => Promise<readonly Result[]>,
  batch: readonly Waiting<Item, Result>[],
): Promise<void> {
  try {
    const results = await work(batch.map(({ item }) => item))
    batch.forEach(({ resolve, reject }, index) => {
      const result = results[index]
      if (result === undefined) reject(new AppError('bug', 'a batch has fewer results than items'))
      else resolve(result)
    })
  } catch (thrown) {
    if (batch.length === 1 || isOfDatabase(thrown)) for (const { reject } of batch) reject(thrown)
    else for (const one of batch) await runBatch(work, [one])
  }
}

/** Whether trying again one by one would meet the same. */
function isOfDatabase(thrown: unknown): boolean {
  return thrown instanceof AppError && thrown.retryable
}

function overloaded(most: number): AppError {
  return new AppError('database-unavailable', `${most} requests wait for the database`, {
    retryable: true,
  })
}
