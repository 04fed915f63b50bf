/**
 * Runs work for a key so that whoever asks gets a result that was begun after they asked, and yet at most one run is
 * under way and one is waiting: everybody who asks in the meantime shares the one that waits.
 */
export function shareRefreshes(): (key: string, work: () => Promise<void>) => Promise<void> {
  const flights = new Map<string, Flight>()

  return (key, work) => {
    const present = flights.get(key)
    if (present === undefined) return take(key, work())
    present.next ??= present.running.catch(() => undefined).then(() => take(key, work()))
    return present.next
  }

  function take(key: string, running: Promise<void>): Promise<void> {
    const flight: Flight = { running, next: undefined }
    flights.set(key, flight)
    const leave = (): void => {
      if (flight.next === undefined) flights.delete(key)
    }
    running.then(leave, leave)
    return running
  }
}

interface Flight {
  readonly running: Promise<void>
  next: Promise<void> | undefined
}
