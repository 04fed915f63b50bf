import assert from 'node:assert/strict'
import test from 'node:test'

import { byTier, toolOrSkip } from '../support/tools.ts'
import { failAndRepeat, type FailingCase } from './harness/fail-and-repeat.ts'
import type { CallPoint } from './harness/faults.ts'
import { flows, type Flow } from './harness/flows.ts'
import { listPoints, seededRandom, sweep } from './harness/sweep.ts'

const wanted = byTier({ fast: 40, ci: 100, full: 600 })
const seed = Number(process.env['SLUICE_SWEEP_SEED'] ?? 20_261_120)

test('a disk that is full, broken or closed to us is told, and a success is never silent about it', async (t) => {
  const strace = await toolOrSkip(t, 'strace')
  if (strace === undefined) return
  const points = await listPoints({ strace, test: t }, flows)
  const cases = chooseCases(points)
  const { reports } = await sweep({ strace, test: t }, cases, failAndRepeat)
  const told = reports.filter(({ fired }) => fired).length
  const bad = reports.filter(({ violations }) => violations.length > 0)
  t.diagnostic(`errors ${reports.length}, told ${told}, violations ${bad.length} (seed ${seed})`)
  assert.equal(
    bad.map(({ name, violations }) => `${name}:\n  ${violations.join('\n  ')}`).join('\n'),
    '',
  )
  assert.ok(reports.length >= wanted, `${reports.length} errors only`)
  assert.ok(told >= reports.length / 3, `only ${told} of ${reports.length} errors were told`)
})

/** Every file call with the errors a disk gives it, and now and then the limits of the process. */
function chooseCases(points: ReadonlyMap<Flow, readonly CallPoint[]>): FailingCase[] {
  const all = [...points].flatMap(([flow, list]) =>
    list
      .filter(({ path }) => path !== undefined)
      .flatMap((point) => faultsOf(point).map((fault) => ({ flow, point, fault }))),
  )
  const random = seededRandom(seed)
  const drawn = Array.from({ length: wanted }, () => all[Math.floor(random() * all.length)])
  return wanted >= all.length ? all : drawn.filter((order) => order !== undefined)
}

function faultsOf({ call }: CallPoint): readonly FailingCase['fault'][] {
  if (call.startsWith('open')) return ['ENOSPC', 'EIO', 'EMFILE', 'EACCES']
  if (/^(mkdir|rename|symlink|link)/.test(call)) return ['ENOSPC', 'EIO', 'EACCES']
  return /^(p?write|fsync|fdatasync|ftruncate)/.test(call) ? ['ENOSPC', 'EIO'] : ['EIO']
}
