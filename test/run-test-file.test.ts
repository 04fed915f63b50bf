import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { runTestFile, type TestFileResult } from '../scripts/run-test-file.ts'
import { temporaryFolder } from './support/temp-folder.ts'

/** Longer than any of the files below takes, unless it hangs. */
const limit = 60_000

test('passing, failing and skipped tests are counted one by one, those that hold others are not', async (t) => {
  const result = await runText(
    t,
    `test('good', () => {})
     test('outer', async (t) => {
       await t.test('inner good', () => {})
       await t.test('inner bad', () => { throw new Error('boom', { cause: 'the reason' }) })
     })
     test.describe('suite', () => { test('in a suite', () => {}) })
     test('skipped', { skip: 'no engine' }, () => {})
     test('skipped inside', (t) => { t.skip() })`,
  )
  assert.equal(result.passed, 3)
  assert.deepEqual(namesOf(result), ['outer › inner bad'])
  assert.match(result.failures[0]?.details ?? '', /boom[^]*the reason/)
  assert.deepEqual(
    result.skipped.map(({ name, reason }) => `${name}: ${reason}`),
    ['skipped: no engine', 'skipped inside: no reason given'],
  )
})

test('a file without tests fails', async (t) => {
  assert.match(namesOf(await runText(t, '')).join(), /^reported no tests/)
})

test('a file that cannot be loaded fails and keeps its output', async (t) => {
  const result = await runText(t, `import './nowhere.ts'`)
  assert.deepEqual(namesOf(result), ['exited with 1 before any test'])
  assert.match(result.output, /nowhere\.ts/)
})

test('a file that exits before its tests have ended fails', async (t) => {
  const result = await runText(
    t,
    `test('first', () => {})
     test('exits', async () => { await new Promise((r) => setTimeout(r, 300)); process.exit(0) })`,
  )
  assert.equal(result.passed, 1)
  assert.deepEqual(namesOf(result), ['exited with 0 before its tests had ended'])
})

test('an error after the tests have ended fails', async (t) => {
  const result = await runText(
    t,
    `test('x', () => { setTimeout(() => { throw new Error('late') }) })`,
  )
  assert.match(namesOf(result).join(), /after a test had ended|no test failed/)
})

test('a hanging test is named and ended', async (t) => {
  const result = await runText(
    t,
    `test('hangs', () => new Promise(() => setInterval(() => {}, 1e6)))`,
    3000,
  )
  assert.deepEqual(namesOf(result), ['did not end in 3 s (open: hangs)'])
})

test('what keeps a file alive after its tests is told', async (t) => {
  const result = await runText(
    t,
    `test('leaves a timer', () => { setInterval(() => {}, 1e6) })`,
    3000,
  )
  assert.match(namesOf(result).join(), /^did not end in 3 s \(its tests had/)
})

test('a process that is left behind is told and ended', async (t) => {
  const result = await runText(
    t,
    `import { spawn } from 'node:child_process'
     test('x', () => { spawn('sleep', ['3141'], { detached: true, stdio: 'ignore' }).unref() })`,
  )
  const [name = ''] = namesOf(result)
  const pid = /^left a process behind: (\d+) sleep 3141$/.exec(name)?.[1]
  assert.ok(pid !== undefined, name)
})

async function runText(t: TestContext, text: string, time = limit): Promise<TestFileResult> {
  const file = join(temporaryFolder(t), 'planted.test.ts')
  writeFileSync(file, `import test from 'node:test'\n${text}\n`)
  return await runTestFile(file, time)
}

function namesOf({ failures }: TestFileResult): string[] {
  return failures.map(({ name }) => name)
}
