import assert from 'node:assert/strict'
import test from 'node:test'

import { manualClock } from '../../../test/support/manual-clock.ts'
import type { Figures } from '../storage/figure-records.ts'
import { openFleetMetrics } from './fleet-metrics.ts'

const figures: Figures = {
  agentsByState: { active: 3, quarantined: 1 },
  deploymentsByState: { succeeded: 7 },
  deploymentTime: { count: 7, seconds: 21.5 },
  hostsByState: { committed: 3 },
  hostsOwed: 1,
  partsBack: 2,
  appsDrifted: 1,
  appsHeld: 0,
  raisesByTrigger: { shop: 12 },
}

test('figures of the fleet stand in the page, by state and by trigger', async () => {
  const read = openFleetMetrics(
    { figures: { read: () => Promise.resolve(figures) } },
    manualClock(),
  )
  const page = await read()
  for (const line of [
    'sluice_agents{state="active"} 3',
    'sluice_agents{state="quarantined"} 1',
    'sluice_deployments{state="succeeded"} 7',
    'sluice_deployment_seconds_sum 21.5',
    'sluice_deployment_seconds_count 7',
    'sluice_host_apps{state="committed"} 3',
    'sluice_host_apps_owed 1',
    'sluice_host_apps_drifted 1',
    'sluice_host_apps_held 0',
    'sluice_host_parts_back 2',
    'sluice_trigger_raises_total{trigger="shop"} 12',
  ])
    assert.ok(page.includes(`${line}\n`), line)
})

test('the database is asked once in ten seconds, and again after it had failed', async () => {
  const clock = manualClock()
  let asked = 0
  const read = openFleetMetrics(
    {
      figures: {
        read: async () => {
          asked += 1
          if (asked === 1) throw new Error('gone')
          return await Promise.resolve(figures)
        },
      },
    },
    clock,
  )
  await assert.rejects(read())
  await read()
  await read()
  assert.equal(asked, 2)
  await clock.advance(10_001)
  await read()
  assert.equal(asked, 3)
})
