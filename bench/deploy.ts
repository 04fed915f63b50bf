import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'

import { build, compileWithBun } from '../scripts/build.ts'
import { inProject } from '../scripts/project.ts'
import { AppError } from '../src/errors/index.ts'
import { packRelease } from '../src/release/index.ts'
import { childEnvironment } from '../src/system/index.ts'
import { freePort } from '../test/support/free-port.ts'
import { createMachine, type Machine } from '../test/support/machine.ts'
import { builtProgram } from '../test/support/tools.ts'
import type { Bench, Measure } from './measure.ts'
import { withScope } from './scope.ts'
import { median, rounded } from './statistics.ts'
import { timeCommand } from './time-command.ts'

const rounds = 10
/** Milliseconds. */
const aim = 150

export const deploy: Bench = {
  name: 'deploy',
  summary: `a small release over one that serves, medians of ${rounds} deploys`,
  run: () =>
    withScope(async (scope) => {
      await build('bun')
      // The waits that a deployment is told to make are as short as the settings allow.
      const settings = {
        bake: { for: '0ms', interval: '10ms', failures: 1 },
        probeInterval: '50ms',
      }
      const machine = await createMachine(scope, { settings })
      const app = join(machine.folder, 'tiny-app')
      await compileWithBun(inProject('bench/programs/tiny-app.ts'), app)
      const start = median(await repeat(() => timeStart(app)))
      await deployOnce(machine, await packTiny(machine, app, 'first'))
      const deploys: TimedDeploy[] = []
      for (let round = 1; round <= rounds; round++)
        deploys.push(await deployOnce(machine, await packTiny(machine, app, `v${round}`)))
      return describe(deploys, start)
    }),
}

interface TimedDeploy {
  /** Milliseconds from the command to its end. */
  readonly wall: number
  /** Milliseconds of processor time of the command and of what it waited for. */
  readonly cpu: number
  readonly steps: readonly { readonly name: string; readonly milliseconds: number }[]
}

async function packTiny(machine: Machine, app: string, version: string): Promise<string> {
  const directory = join(machine.folder, version)
  mkdirSync(directory)
  const manifest = {
    name: 'shop',
    version,
    service: { command: `exec '${app}'` },
    check: { type: 'http', path: '/', interval: '10ms', successes: 1, within: '20s' },
  }
  writeFileSync(join(directory, 'release.json'), JSON.stringify(manifest))
  writeFileSync(join(directory, 'index.html'), '<p>tiny</p>')
  const archive = join(machine.folder, `shop-${version}.tar.gz`)
  await packRelease(directory, { to: archive })
  return archive
}

async function deployOnce(machine: Machine, archive: string): Promise<TimedDeploy> {
  const { folder: cwd, environment: env } = machine
  const cost = await timeCommand([builtProgram('sluice'), 'deploy', archive], { cwd, env })
  const history: unknown = await machine.json('history', '--limit', '1')
  const [latest] = history as { deployment: string; outcome: string }[]
  if (latest?.outcome !== 'succeeded')
    throw new AppError('bug', `a deploy ended as ${JSON.stringify(latest)}`)
  const detail = await machine.json('show', latest.deployment)
  const steps = detail['steps'] as TimedDeploy['steps']
  return { wall: cost.wall * 1000, cpu: (cost.user + cost.system) * 1000, steps }
}

/** Milliseconds from the start of the app until it accepts a connection. */
async function timeStart(app: string): Promise<number> {
  const port = await freePort()
  const startedAt = performance.now()
  const child = spawn(app, { env: childEnvironment({ PORT: String(port) }), stdio: 'ignore' })
  try {
    while (!(await accepts(port))) {
      if (performance.now() - startedAt > 10_000) throw new AppError('bug', `${app} does not start`)
    }
    return performance.now() - startedAt
  } finally {
    child.kill('SIGKILL')
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

async function repeat(work: () => Promise<number>): Promise<number[]> {
  const values: number[] = []
  for (let round = 0; round < rounds; round++) values.push(await work())
  return values
}

function describe(deploys: readonly TimedDeploy[], start: number): Measure[] {
  const walls = deploys.map(({ wall }) => wall)
  const wall = median(walls)
  const cpu = rounded(median(deploys.map((one) => one.cpu)))
  const names = deploys[0]?.steps.map(({ name }) => name) ?? []
  const steps = names.map((name) => ({ name, milliseconds: stepTime(deploys, name) }))
  const inSteps = steps.reduce((sum, { milliseconds }) => sum + milliseconds, 0)
  const slowest = steps
    .toSorted((left, right) => right.milliseconds - left.milliseconds)
    .map(({ name, milliseconds }) => `${name} ${milliseconds}`)
  return [
    {
      what: 'deploy without the start of the app',
      value: rounded(wall - start),
      unit: 'ms',
      aim,
      detail: `whole ${rounded(wall)} ms (best ${rounded(Math.min(...walls))}), app ${rounded(start)} ms, CPU ${cpu} ms`,
    },
    {
      what: 'deploy: time in its steps',
      value: rounded(inSteps),
      unit: 'ms',
      detail: slowest.join(', '),
    },
  ]
}

function stepTime(deploys: readonly TimedDeploy[], name: string): number {
  const times = deploys.map(({ steps }) => steps.find((step) => step.name === name)?.milliseconds)
  return rounded(median(times.filter((time) => time !== undefined)))
}
