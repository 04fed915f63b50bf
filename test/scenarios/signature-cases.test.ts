import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'

import { compileWithBun } from '../../scripts/build.ts'
import { runOrFail } from '../../src/system/index.ts'
import { temporaryFolder } from '../support/temp-folder.ts'

// Bun's own Ed25519 takes keys and signatures that Node's refuses, so the cases are run as the executable is built.

const program = new URL('../support/programs/verify-cases.ts', import.meta.url).pathname

test('every good and bad signature ends the same way in the shipped runtime', async (t) => {
  const built = join(temporaryFolder(t), 'verify-cases')
  await compileWithBun(program, built)
  const { count, wrong } = JSON.parse(await runOrFail([built], { timeout: 60_000 })) as {
    count: number
    wrong: readonly string[]
  }
  assert.deepEqual(wrong, [])
  assert.ok(count >= 105, `${count}`)
})
