/** Wakes whoever waits when something has changed; what changed they look up themselves. */
export interface Bell {
  ring(): void
  /** Resolves at the next ring. @throws the signal's reason when it is aborted. */
  heard(signal: AbortSignal): Promise<void>
}

export function createBell(): Bell {
  let next = Promise.withResolvers<void>()
  return {
    ring: () => {
      next.resolve()
      next = Promise.withResolvers<void>()
    },
    heard: async (signal) => {
      signal.throwIfAborted()
      const { promise } = next
      const stopped = Promise.withResolvers<never>()
      const stop = (): void => stopped.reject(signal.reason)
      signal.addEventListener('abort', stop, { once: true })
      try {
        await Promise.race([promise, stopped.promise])
      } finally {
        signal.removeEventListener('abort', stop)
      }
    },
  }
}
