import { parseArgs } from 'node:util'

import { AppError } from '../src/errors/index.ts'
import { runScript } from '../scripts/project.ts'
import { takeMeasures, verdictOf, type Bench, type TakenMeasure } from './measure.ts'
import { deploy } from './deploy.ts'
import { heldPollsBench } from './held-polls.ts'
import { proxyCpu } from './proxy-cpu.ts'
import { clearOnSignals } from './scope.ts'
import { scriptStarts } from './script-starts.ts'
import { startup } from './startup.ts'
import { switchesBench } from './switches.ts'
import { triggersBench } from './triggers.ts'
import { unpack } from './unpack.ts'
import { wakesBench } from './wakes.ts'
import { webhookBench } from './webhook.ts'

// `npm run bench`: measures what is promised and aimed at, beside what people would use instead.

const benches: readonly Bench[] = [
  startup,
  deploy,
  unpack,
  triggersBench,
  wakesBench,
  scriptStarts,
  heldPollsBench,
  webhookBench,
  proxyCpu,
  switchesBench,
]

await runScript(async () => {
  const { chosen, options, json } = readCommandLine()
  clearOnSignals()
  const taken: TakenMeasure[] = []
  for (const bench of chosen) {
    if (!json) console.log(`\n${bench.name}: ${bench.summary}`)
    for (const measure of await takeMeasures(bench, options)) {
      taken.push(measure)
      if (!json) console.log(describe(measure))
    }
  }
  if (json) console.log(JSON.stringify(taken.map(withVerdict), undefined, 2))
  if (taken.some((measure) => verdictOf(measure) === 'broken')) process.exitCode = 1
})

function readCommandLine() {
  const { values, positionals } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      switches: { type: 'string', default: '1000' },
    },
    allowPositionals: true,
  })
  const count = Number(values.switches)
  if (!Number.isInteger(count) || count < 10)
    throw new AppError('usage', `--switches is "${values.switches}", not a whole number from 10`)
  return { chosen: choose(positionals), options: { switches: count, tell }, json: values.json }
}

/** On standard error, so that it never mixes with the numbers. */
function tell(what: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K  … ${what}\r`)
}

function choose(names: readonly string[]): readonly Bench[] {
  const known = benches.map(({ name }) => name)
  const stranger = names.find((name) => !known.includes(name))
  if (stranger !== undefined)
    throw new AppError('usage', `there is no bench "${stranger}"`, { hint: known.join(', ') })
  return names.length === 0 ? benches : benches.filter(({ name }) => names.includes(name))
}

function withVerdict(measure: TakenMeasure): object {
  return { ...measure, verdict: verdictOf(measure) }
}

function describe(measure: TakenMeasure): string {
  const { what, value, unit, aim, detail, load } = measure
  const cells = [
    what.padEnd(48),
    `${value}${unit === '' ? '' : ` ${unit}`}`.padStart(11),
    (aim === undefined ? '' : `<= ${aim}`).padStart(8),
    verdictOf(measure).padEnd(10),
    `load ${load.toFixed(1)}`.padEnd(10),
    detail,
  ]
  return `  ${cells.join('  ')}`
}
