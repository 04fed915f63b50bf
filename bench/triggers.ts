import { join } from 'node:path'

import { compileWithBun } from '../scripts/build.ts'
import { inProject } from '../scripts/project.ts'
import { runOrFail } from '../src/system/index.ts'
import { temporaryFolder } from '../test/support/temp-folder.ts'
import type { Bench, Measure } from './measure.ts'
import { withScope } from './scope.ts'
import { median, rounded } from './statistics.ts'

const callers = 16
const rounds = 3
const milliseconds = 3000

/** How many raises may share one commit. */
const ways = [
  { what: 'group commit', largestBatch: 500 },
  { what: 'one commit each', largestBatch: 1 },
] as const

export const triggersBench: Bench = {
  name: 'triggers',
  summary: `durable raises with keys by ${callers} callers on SQLite; medians of ${rounds} runs of ${milliseconds / 1000} s that took turns`,
  run: ({ tell }) =>
    withScope(async (scope) => {
      const folder = temporaryFolder(scope)
      const program = join(folder, 'raise')
      await compileWithBun(inProject('bench/programs/raise.ts'), program)
      const rates = ways.map((way) => ({ way, perSecond: [] as number[] }))
      for (let round = 0; round < rounds; round++) {
        for (const { way, perSecond } of rates) {
          tell(`${way.what}, round ${round + 1}`)
          const file = join(folder, `${way.largestBatch}-${round}.db`)
          perSecond.push(await rate([program, file, `${callers}`, `${way.largestBatch}`]))
        }
      }
      return rates.map(({ way, perSecond }) => describe(way.what, perSecond))
    }),
}

async function rate(argv: readonly string[]): Promise<number> {
  const said: { raises: number; seconds: number } = JSON.parse(
    await runOrFail([...argv, `${milliseconds}`]),
  )
  return said.raises / said.seconds
}

function describe(what: string, perSecond: readonly number[]): Measure {
  return {
    what: `durable raises, ${what}`,
    value: rounded(median(perSecond), 0),
    unit: '/s',
    detail: `from ${rounded(Math.min(...perSecond), 0)} to ${rounded(Math.max(...perSecond), 0)}`,
  }
}
