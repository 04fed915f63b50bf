import { build } from '../scripts/build.ts'
import type { Bench } from './measure.ts'
import { measurePolls } from './polls/measure-polls.ts'
import { withScope } from './scope.ts'
import { median, percentile, rounded } from './statistics.ts'

const polls = 10_000
const idleMilliseconds = 30_000

export const heldPollsBench: Bench = {
  name: 'held-polls',
  summary: `${polls} polls held over TLS by one server, woken by one raise, and its kill -9`,
  run: ({ tell }) =>
    withScope(async (scope) => {
      await build('bun')
      const figures = await measurePolls(scope, { polls, idleMilliseconds, tell })
      const { memory, idleShare, wakes, firstSeconds, returnSeconds, refused } = figures
      const refusals = refused.map(([status, count]) => `${count} answered ${status}`).join(', ')
      return [
        {
          what: 'memory of the server, all held',
          value: rounded(memory.held, 0),
          unit: 'MiB',
          aim: 256,
          detail: `${rounded(memory.before, 0)} before anybody came, ${rounded(memory.most, 0)} at most`,
        },
        {
          what: 'processor while idle',
          value: rounded(idleShare * 100),
          unit: '%',
          aim: 5,
          detail: `over ${idleMilliseconds / 1000} s, each poll renewed every 25 s`,
        },
        {
          what: 'raise to woken, p99 of all polls',
          value: rounded(percentile(wakes, 0.99), 0),
          unit: 'ms',
          aim: 2000,
          detail: `p50 ${rounded(median(wakes), 0)} ms, last ${rounded(Math.max(...wakes), 0)} ms`,
        },
        {
          what: 'all held again after kill -9',
          value: rounded(returnSeconds),
          unit: 's',
          aim: 60,
          detail: `${rounded(firstSeconds)} s the first time ${refusals}`.trim(),
        },
      ]
    }),
}
