/**
 * Does the same work for all who ask for it by one name while it waits: each gets the end of one that began after they asked, and
 * of each name one runs at a time. So a thousand reports of one deployment do not look at its thousand hosts each.
 */
export function openSharedWork() {
  const running = new Map<string, Promise<void>>()
  const waiting = new Map<string, Promise<void>>()
  return async (name: string, work: () => Promise<void>): Promise<void> => {
    const next = waiting.get(name) ?? begin(name, work)
    await next
  }

  function begin(name: string, work: () => Promise<void>): Promise<void> {
    const before = running.get(name)
    const mine = (async () => {
      // How it ended is for those who asked for it.
      await before?.catch(() => undefined)
      await new Promise(setImmediate)
      const own = waiting.get(name)
      waiting.delete(name)
      if (own !== undefined) running.set(name, own)
      try {
        await work()
      } finally {
        if (running.get(name) === own) running.delete(name)
      }
    })()
    waiting.set(name, mine)
    return mine
  }
}
