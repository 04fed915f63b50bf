import { join } from 'node:path'

import { build } from '../scripts/build.ts'
import { createCamus2Machine, proxyMode } from '../test/support/camus2-machine.ts'
import { createMachine } from '../test/support/machine.ts'
import type { Bench, Measure } from './measure.ts'
import { withScope } from './scope.ts'
import { median, rounded } from './statistics.ts'
import { timeCommand, type CommandCost } from './time-command.ts'

const rounds = 30
/** Milliseconds. */
const aim = 30

export const startup: Bench = {
  name: 'startup',
  summary: `start-up of small commands, medians of ${rounds} runs that took turns`,
  run: () =>
    withScope(async (scope) => {
      const { folder } = await build('bun')
      const machine = await createMachine(scope)
      const camus2 = createCamus2Machine(scope)
      camus2.configure(proxyMode())
      const sluice = { env: machine.environment, cwd: machine.folder }
      const c2 = { env: camus2.env, cwd: camus2.root }
      const program = join(folder, 'sluice')
      return await takeTurns([
        { what: 'sluice --version', argv: [program, '--version'], place: sluice, aim },
        { what: 'sluice --help', argv: [program, '--help'], place: sluice, aim },
        { what: 'sluice status', argv: [program, 'status'], place: sluice },
        { what: 'c2 version', argv: [camus2.program, 'version'], place: c2, aim },
        { what: 'c2 status', argv: [camus2.program, 'status'], place: c2, aim },
        { what: '/bin/true', argv: ['/bin/true'], place: sluice },
        { what: "node -e '0'", argv: [process.execPath, '-e', '0'], place: sluice },
      ])
    }),
}

interface Candidate {
  readonly what: string
  readonly argv: readonly string[]
  readonly place: { readonly env: Readonly<Record<string, string>>; readonly cwd: string }
  readonly aim?: number
}

/** In turns, so that a busy moment of the machine hits all alike. */
async function takeTurns(candidates: readonly Candidate[]): Promise<Measure[]> {
  const costs = candidates.map((candidate) => ({ candidate, runs: [] as CommandCost[] }))
  for (let round = 0; round < rounds; round++) {
    for (const { candidate, runs } of costs)
      runs.push(await timeCommand(candidate.argv, candidate.place))
  }
  return costs.map(({ candidate, runs }) => describe(candidate, runs))
}

function describe({ what, aim: largest }: Candidate, runs: readonly CommandCost[]): Measure {
  const walls = runs.map(({ wall }) => wall * 1000)
  const cpu = runs.map(({ user, system }) => (user + system) * 1000)
  return {
    what,
    value: rounded(median(walls)),
    unit: 'ms',
    detail: `best ${rounded(Math.min(...walls))} ms, CPU ${rounded(median(cpu))} ms`,
    ...(largest === undefined ? {} : { aim: largest }),
  }
}
