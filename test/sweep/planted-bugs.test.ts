import assert from 'node:assert/strict'
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { inProject } from '../../scripts/project.ts'
import { childEnvironment, run, type RunResult } from '../../src/system/index.ts'
import { temporaryFolder } from '../support/temp-folder.ts'
import { byTier, toolOrSkip } from '../support/tools.ts'
import { plantedBugs, type PlantedBug } from './planted-bugs.ts'

// A suite that cannot fail proves nothing: each bug is planted in a copy, and the test named for it has to fail there.

const tried = byTier({ fast: plantedBugs.slice(0, 2), ci: plantedBugs, full: plantedBugs })

for (const bug of tried) {
  test(`is noticed: ${bug.name}`, async (t) => {
    if ((await toolOrSkip(t, 'strace')) === undefined) return
    const copy = copyOfProject(t)
    const before = await runTest(copy, bug)
    assert.equal(before.status, 0, `without the bug: ${before.stdout}`)
    assert.match(before.stdout, /^# pass [1-9]/m, 'no test has this name')
    plant(copy, bug)
    const after = await runTest(copy, bug)
    assert.notEqual(after.status, 0, 'the bug went unnoticed')
    assert.match(after.stdout, /^# (?:fail|cancelled) [1-9]/m, after.stdout + after.stderr)
  })
}

function copyOfProject(t: TestContext): string {
  const copy = temporaryFolder(t)
  for (const part of ['src', 'test', 'scripts', 'package.json', 'tsconfig.json']) {
    cpSync(inProject(part), join(copy, part), { recursive: true })
  }
  for (const part of ['node_modules', '.cache', 'dist'])
    symlinkSync(inProject(part), join(copy, part))
  return copy
}

function plant(copy: string, { file, from, to }: PlantedBug): void {
  const path = join(copy, file)
  const text = readFileSync(path, 'utf8')
  assert.equal(text.split(from).length, 2, `${file} has not once: ${from}`)
  writeFileSync(
    path,
    text.replace(from, () => to),
  )
}

function runTest(copy: string, { caughtBy }: PlantedBug): Promise<RunResult> {
  const pattern = `^${caughtBy.test.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`
  const options = ['--test-reporter=tap', '--test-timeout=30000', '--test-name-pattern', pattern]
  const argv = [process.execPath, '--test', ...options, join(copy, caughtBy.file)]
  // A test runner inside a test runner would report to the outer one.
  const { NODE_TEST_CONTEXT: _outer, ...env } = childEnvironment()
  return run(argv, { cwd: copy, env, timeout: 120_000 })
}
