import { build } from '../scripts/build.ts'
import { builtServer, makeTokens } from '../test/support/built-server.ts'
import { currentLoad, type Bench, type Measure } from './measure.ts'
import { measureLatency } from './polls/measure-latency.ts'
import { startPollers } from './polls/pollers.ts'
import { withScope } from './scope.ts'
import { median, percentile, rounded } from './statistics.ts'

const raises = 200
const crowds = [1, 100] as const
/** Milliseconds. */
const [halfAim, tailAim] = [30, 100] as const

export const wakesBench: Bench = {
  name: 'wakes',
  summary: `from sending a raise, over a new TLS connection, to the answer of a held poll; ${raises} raises each`,
  run: async ({ tell }) => {
    await build('bun')
    const measures: Measure[] = []
    for (const polls of crowds) {
      tell(`${polls} polls`)
      const load = currentLoad()
      const times = await latencies(polls)
      const what = polls === 1 ? 'one poll' : `${polls} polls, each`
      const detail = `best ${rounded(Math.min(...times))}, worst ${rounded(Math.max(...times))} ms`
      const [half, tail] = [median(times), percentile(times, 0.99)].map((time) => rounded(time))
      const shared = { unit: 'ms', detail, load: Math.max(load, currentLoad()) }
      measures.push({ what: `${what}: p50`, value: half ?? 0, aim: halfAim, ...shared })
      measures.push({ what: `${what}: p99`, value: tail ?? 0, aim: tailAim, ...shared })
    }
    return measures
  },
}

function latencies(polls: number): Promise<number[]> {
  return withScope(async (scope) => {
    const many = { perMinute: 100_000, burst: 10_000 }
    const server = await builtServer(scope, {
      tls: { mode: 'self-made' },
      triggers: { shop: { sources: ['token'] } },
      limits: { raise: many, poll: many },
    })
    const [token = ''] = await makeTokens(server, 'trigger:shop', 1)
    const pollers = await startPollers(scope, server, polls)
    return await measureLatency({ server, token, pollers, polls, raises })
  })
}
