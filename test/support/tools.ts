import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

import { outputFolder, type programNames } from '../../scripts/build.ts'
import type { TestTier } from '../../scripts/test-suites.ts'
import { ensureTool, presentTool, type ToolName } from '../../scripts/tools.ts'
import { toAppError } from '../../src/errors/index.ts'

/** The tier that `npm test` was asked for; `fast` when a test file is started by hand. */
export function testTier(): TestTier {
  const tier = process.env['SLUICE_TEST_TIER']
  return tier === 'ci' || tier === 'full' ? tier : 'fast'
}

/** The number for this tier. */
export function byTier<Value>(values: Readonly<Record<TestTier, Value>>): Value {
  return values[testTier()]
}

/** A tool's absolute path; where it cannot be had the test is marked as skipped and the answer is undefined. */
export async function toolOrSkip(
  test: Pick<TestContext, 'skip'>,
  tool: ToolName,
): Promise<string | undefined> {
  try {
    return await ensureTool(tool)
  } catch (thrown) {
    test.skip(toAppError(thrown).message.split('\n')[0])
    return undefined
  }
}

/** Whether this test may use Docker; where not it is marked as skipped. */
export function mayUseDocker(test: Pick<TestContext, 'skip'>): boolean {
  if (process.env['SLUICE_TEST_DOCKER'] === '1') return true
  test.skip('Docker is used with CI=true or SLUICE_TEST_DOCKER=1 only')
  return false
}

/** The shipped executable under one of its names; `npm test` builds it first. */
export function builtProgram(name: (typeof programNames)[number]): string {
  const path = join(outputFolder('bun'), name)
  if (existsSync(path)) return path
  throw new Error(`${path} is missing; run \`npm run build\``)
}

/** The same for a tool that few machines have: the fast tier takes it where it is already and fetches nothing. */
export async function ciToolOrSkip(
  test: Pick<TestContext, 'skip'>,
  tool: ToolName,
): Promise<string | undefined> {
  const present = presentTool(tool)
  if (present !== undefined || testTier() !== 'fast') return present ?? toolOrSkip(test, tool)
  test.skip(`${tool} is not on this machine; with CI=true it is fetched`)
  return undefined
}
