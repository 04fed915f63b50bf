import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'

import { AppError } from '../src/errors/index.ts'
import { projectRoot } from './project.ts'

/** How much is tried: `fast` ends in ten minutes, `ci` in 45 and may use Docker, `full` has the big numbers. */
export type TestTier = 'fast' | 'ci' | 'full'

/** A part of the tests; the parts run one after the other. */
export interface TestSuite {
  readonly name: string
  readonly pattern: string
  /** How many files run at the same time. */
  readonly concurrency: number
  /** Whether a file that failed among others gets a second run by itself; what a sweep found once is there. */
  readonly secondRun: boolean
}

export interface SelectedSuite extends TestSuite {
  /** Relative to the clone. */
  readonly files: readonly string[]
}

const cores = availableParallelism()

const suites: readonly TestSuite[] = [
  { name: 'unit', pattern: 'src/**/*.test.ts', concurrency: cores, secondRun: true },
  { name: 'project', pattern: 'test/*.test.ts', concurrency: cores, secondRun: true },
  {
    name: 'conformance',
    pattern: 'test/conformance/**/*.test.ts',
    concurrency: cores,
    secondRun: true,
  },
  {
    name: 'scenarios',
    pattern: 'test/scenarios/**/*.test.ts',
    concurrency: cores,
    secondRun: true,
  },
  // Sweeps keep the machine busy by themselves.
  { name: 'sweep', pattern: 'test/sweep/**/*.test.ts', concurrency: 1, secondRun: false },
  // So does traffic without pause.
  { name: 'load', pattern: 'test/load/**/*.test.ts', concurrency: 1, secondRun: true },
  // Containers share the engine and the host's ports.
  { name: 'docker', pattern: 'test/docker/**/*.test.ts', concurrency: 1, secondRun: true },
]

/** The suites with the files whose path contains one of the words; all of them when there are no words. */
export function selectSuites(words: readonly string[]): SelectedSuite[] {
  const selected = suites.map((suite) => ({ ...suite, files: findFiles(suite.pattern, words) }))
  const filled = selected.filter((suite) => suite.files.length > 0)
  if (filled.length > 0) return filled
  throw new AppError('usage', `no test file has ${words.join(' or ')} in its path`)
}

function findFiles(pattern: string, words: readonly string[]): string[] {
  const files = globSync(pattern, { cwd: projectRoot }).toSorted()
  if (words.length === 0) return files
  return files.filter((file) => words.some((word) => file.includes(word.replace(/^\.\//, ''))))
}
