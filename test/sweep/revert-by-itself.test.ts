import assert from 'node:assert/strict'
import test from 'node:test'

import type { JournalEntry } from '../../src/steps/index.ts'
import { byTier, toolOrSkip } from '../support/tools.ts'
import { waitUntil } from '../support/wait-until.ts'
import { runWithFault } from './harness/faults.ts'
import { flows } from './harness/flows.ts'
import { findViolations, lookAt } from './harness/oracle.ts'
import { newJournal } from './harness/recovery.ts'
import { openSite } from './harness/site.ts'
import { listPoints, seededRandom } from './harness/sweep.ts'

const wanted = byTier({ fast: 3, ci: 20, full: 100 })

test('a switch whose command was killed goes back by itself, without any other command', async (t) => {
  const strace = await toolOrSkip(t, 'strace')
  const deploy = flows.find(({ name }) => name === 'deploy')
  if (strace === undefined || deploy === undefined) return
  const listed = (await listPoints({ strace, test: t }, [deploy])).get(deploy) ?? []
  const nearSwitch = listed.filter(({ path }) => path?.startsWith('root/proxy/'))
  const site = await openSite(t, { confirmWithin: '2s' })
  const random = seededRandom(20_261_120)
  let reverted = 0
  for (let tries = 0; reverted < wanted && tries < wanted * 4; tries++) {
    const point = nearSwitch[Math.floor(random() * nearSwitch.length)]
    assert.ok(point !== undefined)
    const words = await deploy.prepare(site)
    const before = lookAt(site)
    await runWithFault(strace, site.machine, { words, point, fault: 'SIGKILL' })
    const deployment = newJournal(site, before) ?? ''
    const entries = site.journal(deployment)
    const isArmed = entries.some(isEntry('step-finished', 'arm-revert'))
    // The n-th call is another one in every run: it may come when nothing is left to go back by itself.
    const isOver = entries.some(isEntry('step-started', 'disarm-revert'))
    if (isArmed && !isOver && site.state().unfinished === deployment) {
      await waitUntil(() => site.state().unfinished === undefined, `the way back of ${deployment}`)
      reverted += 1
    } else await site.succeed('boot')
    assert.deepEqual(await findViolations(site, before), [], `${point.call} ${point.nth}`)
  }
  assert.ok(reverted >= wanted, `${reverted} went back by themselves, ${wanted} were planned`)
  t.diagnostic(`${reverted} went back by themselves, violations 0`)
})

function isEntry(type: string, step: string): (entry: JournalEntry) => boolean {
  return (entry) => entry.type === type && 'step' in entry && entry.step === step
}
