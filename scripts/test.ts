import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'

import { toAppError } from '../src/errors/index.ts'
import { build } from './build.ts'
import { prepareDocker } from './docker.ts'
import { inProject, runScript } from './project.ts'
import { runTestFile, type TestFileResult } from './run-test-file.ts'
import { selectSuites, type SelectedSuite, type TestTier } from './test-suites.ts'
import { testFolder } from './temporary-folder.ts'
import { ensureTool, type ToolName } from './tools.ts'

// Runs the tests: `npm test`, `npm test -- src/release`, `npm run test:full`, `CI=true npm test`.

/** Minutes after which a file counts as hanging. */
const minutesPerFile: Readonly<Record<TestTier, number>> = { fast: 4, ci: 20, full: 240 }

const toolsOfTier: Readonly<Record<TestTier, readonly ToolName[]>> = {
  fast: ['nginx', 'strace', 'postgres'],
  ci: ['nginx', 'strace', 'postgres', 'haproxy', 'mmdebstrap'],
  full: ['nginx', 'strace', 'postgres', 'haproxy', 'mmdebstrap'],
}

async function main(): Promise<void> {
  const { tier, words } = readCommandLine()
  const suites = selectSuites(words)
  process.env['SLUICE_TEST_TIER'] = tier
  process.env['TMPDIR'] = testFolder()
  if (existsSync(inProject('src/cli/main.ts'))) await build('bun')
  for (const tool of toolsOfTier[tier]) await announceTool(tool)
  const docker = await prepareDocker(tier !== 'fast')
  const results: TestFileResult[] = []
  try {
    for (const suite of suites) results.push(...(await runSuite(suite, tier)))
  } finally {
    await docker.stop()
  }
  conclude(results)
}

function readCommandLine(): { tier: TestTier; words: readonly string[] } {
  const options = { full: { type: 'boolean', default: false } } as const
  const { values, positionals } = parseArgs({ options, allowPositionals: true })
  return { tier: values.full ? 'full' : isCi() ? 'ci' : 'fast', words: positionals }
}

function isCi(): boolean {
  return process.env['CI'] === 'true' || process.env['CI'] === '1'
}

/** A missing tool is told now; the tests that need it are then skipped by name. */
async function announceTool(tool: ToolName): Promise<void> {
  try {
    await ensureTool(tool)
  } catch (thrown) {
    console.log(`warning: ${toAppError(thrown).message}`)
  }
}

async function runSuite(suite: SelectedSuite, tier: TestTier): Promise<TestFileResult[]> {
  const startedAt = performance.now()
  const results: TestFileResult[] = []
  const waiting = [...suite.files]
  async function work(): Promise<void> {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      results.push(await runAndTell(file, tier))
    }
  }
  await Promise.all(Array.from({ length: suite.concurrency }, work))
  if (suite.secondRun) await giveSecondRuns(results, tier)
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  console.log(`${suite.name}: ${countText(results)} (${suite.files.length} files, ${seconds} s)`)
  return results
}

async function runAndTell(file: string, tier: TestTier): Promise<TestFileResult> {
  const result = await runTestFile(file, minutesPerFile[tier] * 60_000)
  printFailures(result)
  for (const remark of result.remarks) console.log(`${result.file}: ${remark}`)
  return result
}

/** Most failing files that get a second run: where more fail, it is not chance. */
const mostSecondRuns = 3

/** Runs failed files again, one by one. One that passes then counts as passed and is named as unsteady at the end. */
async function giveSecondRuns(results: TestFileResult[], tier: TestTier): Promise<void> {
  const failed = results.filter(({ failures }) => failures.length > 0)
  if (failed.length > mostSecondRuns) return
  for (const first of failed) {
    console.log(`second run of ${first.file}, by itself`)
    const second = await runAndTell(first.file, tier)
    const unsteady = second.failures.length === 0 ? first.failures.map(({ name }) => name) : []
    results[results.indexOf(first)] = { ...second, unsteady }
  }
}

function printFailures(result: TestFileResult): void {
  for (const { name, details } of result.failures) {
    console.log(`\nFAILED ${result.file}: ${name}`)
    if (details !== '') console.log(details)
  }
  if (result.failures.length === 0 || result.output === '') return
  console.log(`\nlast output of ${result.file}:\n${result.output.slice(-8000)}\n`)
}

/** Lists what was skipped, decides the exit status and prints the counts as the very last line. */
function conclude(results: readonly TestFileResult[]): void {
  for (const { file, failures } of results) {
    for (const { name } of failures) console.log(`failed: ${file}: ${name}`)
  }
  for (const { file, unsteady = [] } of results) {
    for (const name of unsteady) console.log(`unsteady, passed by itself: ${file}: ${name}`)
  }
  for (const { file, skipped } of results) {
    for (const { name, reason } of skipped) console.log(`skipped: ${file}: ${name}: ${reason}`)
  }
  const skips = count(results, 'skipped')
  if (skips > 0 && isCi()) console.log('with CI=true a skipped test is a failure')
  const unfit = count(results, 'failures') > 0 || (skips > 0 && isCi())
  if (unfit || passedIn(results) === 0) process.exitCode = 1
  console.log(countText(results))
}

function countText(results: readonly TestFileResult[]): string {
  const skips = count(results, 'skipped')
  const text = `${passedIn(results)} passed, ${count(results, 'failures')} failed`
  return skips === 0 ? text : `${text}, ${skips} skipped`
}

function count(results: readonly TestFileResult[], kind: 'failures' | 'skipped'): number {
  return results.reduce((sum, result) => sum + result[kind].length, 0)
}

function passedIn(results: readonly TestFileResult[]): number {
  return results.reduce((sum, result) => sum + result.passed, 0)
}

await runScript(main, '0 passed, 1 failed')
