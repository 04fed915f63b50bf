import { get } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

/** Somebody who asks through the proxy all the time and is never told that something is going on. */
export interface Visitor {
  /** What went wrong since it was asked last. */
  takeFailures(): string[]
  readonly asked: number
  stop(): Promise<void>
}

/** Milliseconds between an answer and the next question. */
const pause = 20
/** Milliseconds a visitor waits. */
const patience = 10_000

export function startVisitor(port: number): Visitor {
  let failures: string[] = []
  let asked = 0
  let isStopped = false
  async function visit(): Promise<void> {
    while (!isStopped) {
      const answer = await askVersion(port)
      asked += 1
      if (answer.version === undefined && !isStopped)
        failures.push(`${answer.problem} at ${new Date().toISOString()}`)
      await sleep(pause)
    }
  }
  const visiting = visit()
  return {
    takeFailures: () => {
      const taken = failures
      failures = []
      return taken
    },
    get asked() {
      return asked
    },
    stop: async () => {
      isStopped = true
      await visiting
    },
  }
}

/** The version that answers through the proxy, or why there is none. */
export function askVersion(
  port: number,
): Promise<{ readonly version: string | undefined; readonly problem: string }> {
  return new Promise((resolve) => {
    const fail = (problem: string): void => resolve({ version: undefined, problem })
    const options = { host: '127.0.0.1', port, agent: false, timeout: patience }
    const request = get(options, (response) => {
      response.resume()
      const version = String(response.headers['x-version'])
      if (response.statusCode === 200) resolve({ version, problem: '' })
      else fail(`status ${response.statusCode}`)
    })
    request.on('timeout', () => request.destroy(new Error(`no answer within ${patience} ms`)))
    request.on('error', (error) => fail(error.message))
  })
}
