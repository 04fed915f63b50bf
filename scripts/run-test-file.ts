import { rmSync } from 'node:fs'
import { join, resolve } from 'node:path'

import { describeEnd, makeDirectory, readIfPresent } from '../src/system/index.ts'
import { runMarked, type MarkedRun } from './marked-run.ts'
import { cacheFolder, inProject, projectRoot } from './project.ts'
import type { TestLine } from './test-events.ts'

export interface TestFileResult {
  readonly file: string
  readonly passed: number
  readonly failures: readonly TestFailure[]
  readonly skipped: readonly { readonly name: string; readonly reason: string }[]
  /** What its tests said of themselves. */
  readonly remarks: readonly string[]
  /** The last of what the file printed. */
  readonly output: string
  readonly milliseconds: number
  /** What failed in a first run although this one passed. */
  readonly unsteady?: readonly string[]
}

interface TestFailure {
  readonly name: string
  readonly details: string
}

/**
 * Runs one test file (relative to the clone, or absolute) in a process of its own. Besides failing tests it finds a file without tests, one that
 * ends before its tests did, one that takes longer than `limit` milliseconds, and one that leaves processes.
 */
export async function runTestFile(file: string, limit: number): Promise<TestFileResult> {
  const startedAt = performance.now()
  const eventFile = nextEventFile()
  try {
    const marked = await runMarked(argvFor(file, eventFile), limit)
    const lines = readLines(eventFile)
    return {
      file,
      passed: lines.filter((line) => line.type === 'passed').length,
      failures: [
        ...lines.filter((line) => line.type === 'failed'),
        ...troublesOf(lines, marked, limit).map((name) => ({ name, details: '' })),
      ],
      skipped: lines.filter((line) => line.type === 'skipped'),
      remarks: lines.filter((line) => line.type === 'told').map(({ remark }) => remark),
      output: `${marked.end.stdout}${marked.end.stderr}`.trim(),
      milliseconds: performance.now() - startedAt,
    }
  } finally {
    rmSync(eventFile, { force: true })
  }
}

let serial = 0

function nextEventFile(): string {
  serial += 1
  const folder = join(cacheFolder, 'test-events')
  makeDirectory(folder)
  return join(folder, `${process.pid}-${serial}.jsonl`)
}

function argvFor(file: string, eventFile: string): string[] {
  const reporter = `--test-reporter=${inProject('scripts/test-events.ts')}`
  const destination = `--test-reporter-destination=${eventFile}`
  return [process.execPath, reporter, destination, resolve(projectRoot, file)]
}

function readLines(eventFile: string): TestLine[] {
  const text = readIfPresent(eventFile)?.toString('utf8') ?? ''
  // The last line may be cut off where the file was ended.
  const whole = text.split('\n').slice(0, -1)
  return whole.map((line) => JSON.parse(line) as TestLine)
}

/** What is wrong with the file as a whole. */
function troublesOf(lines: readonly TestLine[], marked: MarkedRun, limit: number): string[] {
  if (marked.outOfTime) return [`did not end in ${limit / 1000} s (${openTests(lines)})`]
  const left = marked.leftBehind.map((process) => `left a process behind: ${process}`)
  return [...earlyEnd(lines, marked), ...left]
}

function earlyEnd(lines: readonly TestLine[], { end }: MarkedRun): string[] {
  const begun = lines.some((line) => line.type === 'started')
  const ended = lines.some((line) => line.type === 'ended')
  if (!begun)
    return [
      end.status === 0
        ? 'reported no tests: it is empty or ended itself'
        : `${describeEnd(end)} before any test`,
    ]
  if (!ended) return [`${describeEnd(end)} before its tests had ended`]
  if (end.status === 0 || lines.some((line) => line.type === 'failed')) return []
  return [`${describeEnd(end)}, though no test failed`]
}

/** Which tests a hanging file was in; one that blocks the whole process could not even report its start. */
function openTests(lines: readonly TestLine[]): string {
  const open: string[] = []
  for (const line of lines) {
    if (line.type === 'started') open.push(line.name)
    if (line.type === 'closed') open.splice(open.lastIndexOf(line.name), 1)
  }
  if (open.length > 0) return `open: ${open.join(', ')}`
  const begun = lines.some((line) => line.type === 'started')
  return begun ? 'its tests had; something keeps it alive' : 'the open test is not known'
}
