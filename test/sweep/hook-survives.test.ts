import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import { createMachine, type Machine } from '../support/machine.ts'
import { builtProgram, byTier } from '../support/tools.ts'
import { waitUntil } from '../support/wait-until.ts'

const rounds = byTier({ fast: 5, ci: 100, full: 400 })

/** A migration that is there for a while and then ends as the round says. */
function migration(machine: Machine, status: number): Record<string, unknown> {
  const began = `${machine.folder}/began-$SLUICE_LABEL`
  const command = `echo x >> ${began}; sleep 0.3; echo done-by-$SLUICE_LABEL; exit ${status}`
  return { migrate: { command } }
}

test('a migration survives a kill -9 of sluice, runs once, and its true result is reported', async (t) => {
  const machine = await createMachine(t)
  const shared = { service: undefined, check: undefined, listen: undefined, drain: undefined }
  for (let round = 1; round <= rounds; round++) {
    // Two of three end well; the others must not be taken for that.
    const status = round % 3 === 0 ? round % 100 : 0
    const manifest = {
      ...shared,
      startCommand: 'true',
      stopCommand: 'true',
      ...migration(machine, status),
    }
    const archive = await machine.pack({ version: String(round), manifest })
    const began = join(machine.folder, `began-shop-${round}`)
    const killed = spawn(builtProgram('sluice'), ['start', archive], {
      cwd: machine.folder,
      env: machine.environment,
      stdio: 'ignore',
    })
    await waitUntil(() => existsSync(began), 'the start of the migration')
    killed.kill('SIGKILL')
    await once(killed, 'exit')
    const result = await machine.json('resume')
    const error = result['error'] as { code: string; message: string } | undefined
    const context = `round ${round}: ${JSON.stringify(result)}`
    assert.equal(result['outcome'], status === 0 ? 'succeeded' : 'undone', context)
    if (status !== 0)
      assert.match(error?.message ?? '', new RegExp(`exited with ${status}\\b`), context)
    assert.equal(readFileSync(began, 'utf8'), 'x\n', context)
    // It keeps its port as long as it counts as running, and a machine of the tests has few.
    if (status === 0) await machine.sluice('stop', `shop-${round}`)
  }
  t.diagnostic(`${rounds} of ${rounds} results were true`)
})
