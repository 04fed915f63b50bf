import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'

import { byTier, testTier, toolOrSkip } from '../support/tools.ts'
import type { CallPoint } from './harness/faults.ts'
import { flows, type Flow } from './harness/flows.ts'
import { recoveries } from './harness/recovery.ts'
import {
  killAndRecover,
  listPoints,
  seededRandom,
  sweep,
  type Case,
  type CaseReport,
} from './harness/sweep.ts'

// The built program is killed at its mutating system calls; the next command has to bring all old or all new.

/** Kills that must have happened; `full` tries every point with every recovery. */
const wanted = byTier({ fast: 48, ci: 500, full: 1000 })
const wantedTwice = byTier({ fast: 12, ci: 100, full: 300 })

const seed = Number(process.env['SLUICE_SWEEP_SEED'] ?? 20_261_120)

test('a kill at any mutating system call of a command leaves all old or all new', async (t) => {
  const strace = await toolOrSkip(t, 'strace')
  if (strace === undefined) return
  const points = await listPoints({ strace, test: t }, flows)
  const cases = chooseCases(points, wanted)
  const { reports, asked } = await sweep({ strace, test: t }, cases, killAndRecover)
  const kills = reports.filter(({ fired }) => fired).length
  tell(t, { what: `kills ${kills}`, reports, asked })
  assertNoViolation(reports)
  assert.ok(kills >= wanted, `${kills} kills only, ${wanted} were planned`)
  assert.ok(asked >= kills, `the visitor asked ${asked} times only`)
  if (testTier() === 'full') assertEveryStepWasCut(reports)
})

test('a kill of the recovery at any of its calls is recovered from as well', async (t) => {
  const strace = await toolOrSkip(t, 'strace')
  if (strace === undefined) return
  const journaled = flows.filter(({ steps }) => steps.length > 0)
  const points = await listPoints({ strace, test: t }, journaled)
  const random = seededRandom(seed)
  let kills = 0
  const { reports, asked } = await sweep(
    { strace, test: t },
    chooseCases(points, wantedTwice * 3),
    async (context, site, order) => {
      // Enough have happened; the rest of the plan was for recoveries that end before they are killed.
      if (kills >= wantedTwice) return nothing
      const second = chooseSecond(points, random)
      const report = await killAndRecover(context, site, { ...order, second })
      if (report.firedTwice) kills += 1
      return report
    },
  )
  tell(t, { what: `second kills ${kills}`, reports, asked })
  assertNoViolation(reports)
  assert.ok(kills >= wantedTwice, `${kills} second kills only, ${wantedTwice} were planned`)
})

const nothing: CaseReport = {
  name: '',
  flow: '',
  fired: false,
  firedTwice: false,
  lastEntry: undefined,
  violations: [],
}

/**
 * Every point once, and again with another recovery until there are enough; fewer where fewer are wanted, picked by
 * chance. Some more than wanted, because the last calls of a run do not come in every run.
 */
function chooseCases(points: ReadonlyMap<Flow, readonly CallPoint[]>, count: number): Case[] {
  const all = [...points].flatMap(([flow, list]) => list.map((point) => ({ flow, point })))
  const total = Math.ceil(count * 1.15) + 6
  const random = seededRandom(seed)
  const drawn =
    total < all.length
      ? Array.from({ length: total }, () => all[Math.floor(random() * all.length)])
      : Array.from({ length: Math.max(total, all.length) }, (_, index) => all[index % all.length])
  return drawn
    .filter((order) => order !== undefined)
    .map((order, index) => ({ ...order, recovery: recoveryOf(index, all.length) }))
}

/** The next one with every case, and another one for the same point in the next round. */
function recoveryOf(index: number, round: number): (typeof recoveries)[number] {
  return recoveries[(index + Math.floor(index / round)) % recoveries.length] ?? 'resume'
}

/** Recoveries make the same calls as flows, but fewer. */
function chooseSecond(
  points: ReadonlyMap<Flow, readonly CallPoint[]>,
  random: () => number,
): CallPoint {
  const all = [...points.values()].flat().filter(({ nth }) => nth <= 30)
  return all[Math.floor(random() * all.length)] ?? { call: 'fsync', nth: 1, path: undefined }
}

/** Each step of each flow was the last thing in the journal at least once: as begun, and as ended. */
function assertEveryStepWasCut(reports: readonly CaseReport[]): void {
  const cut = new Set(
    reports.filter(({ fired }) => fired).map(({ flow, lastEntry }) => `${flow} ${lastEntry}`),
  )
  const missing = flows.flatMap(({ name, steps }) =>
    steps
      .flatMap((step) => [`${name} step-started ${step}`, `${name} step-finished ${step}`])
      .filter((place) => !cut.has(place)),
  )
  assert.deepEqual(missing, [], 'journal points without a kill')
}

function assertNoViolation(reports: readonly CaseReport[]): void {
  const bad = reports.filter(({ violations }) => violations.length > 0)
  assert.equal(
    bad.map(({ name, violations }) => `${name}:\n  ${violations.join('\n  ')}`).join('\n'),
    '',
  )
}

function tell(
  t: TestContext,
  { what, reports, asked }: { what: string; reports: readonly CaseReport[]; asked: number },
): void {
  const violations = reports.flatMap((report) => report.violations).length
  t.diagnostic(`${what}, violations ${violations} (seed ${seed}, ${asked} visits meanwhile)`)
}
