import { describeEnd, run } from '../src/system/index.ts'
import { inProject, runScript } from './project.ts'

// Everything that can be checked without running the program: `npm run check`.

const node = process.execPath

const checks: Readonly<Record<string, readonly string[]>> = {
  types: [node, 'node_modules/typescript/bin/tsc', '--noEmit'],
  lint: [node, 'node_modules/oxlint/bin/oxlint', '--type-aware', '--deny-warnings'],
  format: [node, 'node_modules/oxfmt/bin/oxfmt', '--check', '.'],
  architecture: [node, '--test', '--test-reporter=dot', 'test/architecture.test.ts'],
  docs: [node, '--test', '--test-reporter=dot', 'test/docs.test.ts'],
}

async function main(): Promise<void> {
  const results = await Promise.all(
    Object.entries(checks).map(([name, argv]) => runCheck(name, argv)),
  )
  if (!results.every(Boolean)) process.exitCode = 1
}

/** Prints one line, and what a failing check had to say. */
async function runCheck(name: string, argv: readonly string[]): Promise<boolean> {
  const startedAt = performance.now()
  const result = await run(argv, { cwd: inProject(), timeout: 5 * 60_000 })
  const seconds = `${((performance.now() - startedAt) / 1000).toFixed(1)} s`
  if (result.status === 0) {
    console.log(`${name}: ok (${seconds})`)
    return true
  }
  console.log(`${name}: ${describeEnd(result)} (${seconds})`)
  console.log(`${result.stdout}${result.stderr}`.trim())
  return false
}

await runScript(main)
