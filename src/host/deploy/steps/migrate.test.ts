import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import { openEngine, type Engine } from '../../../../test/support/engine.ts'
import { waitUntil } from '../../../../test/support/wait-until.ts'
import type { DeploymentResult } from '../../../protocol/index.ts'
import { deployRelease } from '../../deeds/deploy-release.ts'
import { resumeDeployment } from '../../deeds/resume-deployment.ts'

/** A migration that loses whoever would tell how it ended, as it does when the machine goes down. */
async function deployLost(
  engine: Engine,
  more: Record<string, string> = {},
): Promise<DeploymentResult> {
  const command = `echo up >> '${join(engine.folder, 'ran')}'; kill -9 $PPID; sleep 1000`
  const manifest = { migrate: { command, ...more } }
  return await deployRelease(engine.host, {
    release: await engine.pack({ version: '2', manifest }),
  })
}

const ran = (engine: Engine): string => readFileSync(join(engine.folder, 'ran'), 'utf8')

test('a migration nobody knows the end of is not run again, and the deployment says so', async (t) => {
  const engine = await openEngine(t)
  const result = await deployLost(engine)
  assert.deepEqual([result.outcome, result.error?.code], ['undone', 'outcome-unknown'])
  const notice = 'the migration stays: the release declares no way back (migrate.undoCommand)'
  assert.ok(engine.events.some((event) => event.type === 'notice' && event.text === notice))
  assert.equal(ran(engine), 'up\n')
})

test('the way back of a migration is run also when nobody knows how far it came', async (t) => {
  const engine = await openEngine(t)
  const undoCommand = `echo down >> '${join(engine.folder, 'ran')}'`
  const result = await deployLost(engine, { undoCommand })
  assert.deepEqual([result.outcome, result.error?.code], ['undone', 'outcome-unknown'])
  assert.equal(ran(engine), 'up\ndown\n')
})

test('a migration that was cut off with the machine is not run again by resume', async (t) => {
  const engine = await openEngine(t)
  const gate = join(engine.folder, 'gate')
  const command = `echo up >> '${join(engine.folder, 'ran')}'; until [ -e '${gate}' ]; do sleep 0.01; done`
  const release = await engine.pack({ version: '2', manifest: { migrate: { command } } })
  const deploying = deployRelease(engine.host, { release })
  await waitUntil(() => existsSync(join(engine.folder, 'ran')))
  engine.takeSnapshot()
  writeFileSync(gate, '')
  await deploying
  engine.powerCut()
  const { outcome, error } = await resumeDeployment(engine.host, {})
  assert.deepEqual([outcome, error?.code], ['undone', 'outcome-unknown'])
  assert.equal(ran(engine), 'up\n')
})
