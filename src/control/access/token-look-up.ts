import type { Storage } from '../storage/storage.ts'
import type { StoredToken } from '../storage/token-records.ts'
import { openBatches } from '../triggers/batches.ts'

/** Finds tokens for thousands who ask at once. */
export interface TokenLookUp {
  find(id: string): Promise<StoredToken | undefined>
  /** Records a use. */
  noteUse(id: string, at: number): Promise<void>
  /** @returns false when there is no such token. */
  revoke(id: string, at: number): Promise<boolean>
}

/** Of one transaction. */
const largest = 500

/**
 * Looks tokens up together in one transaction. Where no other server can change the database they are remembered until we
 * change them ourselves; hosts ask with the same ones day and night.
 */
export function openTokenLookUp(
  { tokens, isShared }: Pick<Storage, 'tokens' | 'isShared'>,
  mostKnown = isShared ? 0 : 20_000,
): TokenLookUp {
  const known = new Map<string, StoredToken>()
  let changes = 0

  function remember(found: Iterable<StoredToken>): void {
    for (const token of found) known.set(token.id, token)
    for (const id of known.keys()) {
      if (known.size <= mostKnown) return
      known.delete(id)
    }
  }
  const finds = openBatches(
    async (ids: readonly string[]) => {
      const before = changes
      const found = await tokens.find([...new Set(ids)])
      // What was read before a change must not outlive it.
      if (before === changes) remember(found.values())
      return ids.map((id) => ({ token: found.get(id) }))
    },
    { largest },
  )
  const uses = openBatches(
    async (used: readonly Use[]) => {
      const ids = new Set(used.map(({ id }) => id))
      await tokens.noteUse([...ids].toSorted(), Math.max(...used.map(({ at }) => at)))
      for (const id of ids) forget(id)
      return used.map(() => true)
    },
    { largest },
  )
  function forget(id: string): void {
    changes += 1
    known.delete(id)
  }
  return {
    find: async (id) => known.get(id) ?? (await finds.submit(id)).token,
    noteUse: async (id, at) => void (await uses.submit({ id, at })),
    revoke: async (id, at) => await tokens.revoke(id, at).finally(() => forget(id)),
  }
}

interface Use {
  readonly id: string
  readonly at: number
}
