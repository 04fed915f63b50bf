import { openRawClient } from './raw-client.ts'

export interface HotLoad {
  /** Tells which label may answer from now on; answers to requests sent before are not judged by it. */
  expect(label: string | undefined): void
  /** Resolves once `count` more requests were answered. */
  after(count: number): Promise<void>
  stop(): Promise<LoadResult>
}

export interface LoadResult {
  readonly sent: number
  readonly failures: readonly string[]
  /** Answers of another release than the acknowledged one. */
  readonly stale: number
}

/** Raw keep-alive clients that ask without pause and never retry. */
export async function startHotLoad(port: number, clients: number): Promise<HotLoad> {
  let sent = 0
  let stale = 0
  const run = { stopped: false }
  const failures: string[] = []
  /** Grows with every `expect`: a request is judged only if none happened while it was under way. */
  let era = 0
  let expected: string | undefined
  const waiters: { at: number; resolve: () => void }[] = []

  async function hammer(): Promise<void> {
    let client = await openRawClient(port)
    while (!run.stopped) {
      const askedIn = era
      sent += 1
      try {
        const { status, body } = await client.ask('/')
        if (status !== 200) failures.push(`${status} ${body.slice(0, 80)}`)
        else if (askedIn === era && expected !== undefined && body !== expected) stale += 1
      } catch (error) {
        failures.push(String(error))
      }
      if (client.isClosing() || client.socket.destroyed) {
        client.close()
        client = await openRawClient(port)
      }
      for (const waiter of waiters.splice(0)) {
        if (sent >= waiter.at) waiter.resolve()
        else waiters.push(waiter)
      }
    }
    client.close()
  }

  const running = Array.from({ length: clients }, () => hammer())
  return {
    expect: (label) => {
      era += 1
      expected = label
    },
    after: (count) =>
      new Promise((resolve) => {
        waiters.push({ at: sent + count, resolve })
      }),
    stop: async () => {
      run.stopped = true
      await Promise.all(running)
      return { sent, failures, stale }
    },
  }
}
