import {
  childEnvironment,
  pidsWithVariable,
  readIfPresent,
  run,
  sendSignal,
  type RunResult,
} from '../src/system/index.ts'
import { inProject } from './project.ts'

export interface MarkedRun {
  readonly end: RunResult
  readonly outOfTime: boolean
  /** Command lines of what still ran after the program itself had ended. */
  readonly leftBehind: readonly string[]
}

/**
 * Runs a program and ends whatever it left, at the latest after `limit` milliseconds. All it starts inherits
 * a mark in the environment, daemons too, and is found by that.
 */
export async function runMarked(argv: readonly string[], limit: number): Promise<MarkedRun> {
  const mark = `${process.pid}-${performance.now()}`
  let outOfTime = false
  const timer = setTimeout(() => {
    outOfTime = true
    endMarked(mark)
  }, limit)
  try {
    const end = await run(argv, { cwd: inProject(), env: markedEnvironment(mark) })
    await waitUntilGone(mark)
    const leftBehind = outOfTime ? [] : pidsWithVariable(variable, mark).map(commandLine)
    return { end, outOfTime, leftBehind }
  } finally {
    clearTimeout(timer)
    endMarked(mark)
  }
}

const variable = 'SLUICE_TEST_MARK'

function markedEnvironment(mark: string): Record<string, string> {
  const environment = childEnvironment({ [variable]: mark })
  // Set when a test of these scripts runs them; it would make a test file report to nobody.
  delete environment['NODE_TEST_CONTEXT']
  return environment
}

/** What is just ending is not left behind; it has two seconds. */
async function waitUntilGone(mark: string): Promise<void> {
  const deadline = performance.now() + 2000
  while (performance.now() < deadline && pidsWithVariable(variable, mark).length > 0) {
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

function endMarked(mark: string): void {
  for (const pid of pidsWithVariable(variable, mark)) sendSignal(pid, 'SIGKILL')
}

function commandLine(pid: number): string {
  const words = readIfPresent(`/proc/${pid}/cmdline`)?.toString('utf8') ?? ''
  return `${pid} ${words.replaceAll('\0', ' ').trim()}`
}
