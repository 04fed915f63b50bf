import { openRawClient } from '../../test/support/raw-client.ts'

/** One answered or failed request, as its visitor saw it. */
export interface Visit {
  /** Milliseconds on the monotonic clock when it was sent. */
  readonly sentAt: number
  readonly milliseconds: number
  readonly ok: boolean
}

/** Visitors on keep-alive connections that ask again and again and never try a request twice. */
export interface Visitors {
  visits(): readonly Visit[]
  leave(): Promise<void>
}

/** Milliseconds a visitor looks at an answer before the next request. */
const pause = 2

export function sendVisitors(port: number, count: number): Visitors {
  const visits: Visit[] = []
  let leaving = false
  const visitors = Array.from({ length: count }, () => visit(port, visits, () => leaving))
  return {
    visits: () => visits,
    leave: async () => {
      leaving = true
      await Promise.all(visitors)
    },
  }
}

async function visit(port: number, visits: Visit[], isLeaving: () => boolean): Promise<void> {
  let client = await openRawClient(port)
  while (!isLeaving()) {
    const sentAt = performance.now()
    const ok = await client.ask('/').then(
      ({ status }) => status === 200,
      () => false,
    )
    visits.push({ sentAt, milliseconds: performance.now() - sentAt, ok })
    if (!ok || client.isClosing()) {
      client.close()
      client = await openRawClient(port)
    }
    await new Promise((resolve) => setTimeout(resolve, pause))
  }
  client.close()
}
