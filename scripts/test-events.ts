import { inspect } from 'node:util'
import type { TestEvent } from 'node:test/reporters'

/** One line of what a test file reports to scripts/run-test-file.ts. */
export type TestLine =
  | { readonly type: 'started' | 'closed' | 'passed'; readonly name: string }
  | { readonly type: 'skipped'; readonly name: string; readonly reason: string }
  | { readonly type: 'failed'; readonly name: string; readonly details: string }
  /** What a test says of itself with `t.diagnostic`, such as how often it tried. */
  | { readonly type: 'told'; readonly remark: string }
  | { readonly type: 'ended' }

/** A reporter of node:test that writes JSON lines; suites and tests that only hold others are not counted. */
export default async function* writeLines(
  source: AsyncIterable<TestEvent>,
): AsyncGenerator<string> {
  const openNames: string[] = []
  for await (const event of source) {
    if (event.type === 'test:start') {
      openNames.splice(event.data.nesting)
      openNames[event.data.nesting] = event.data.name
    }
    const line = toLine(event, openNames)
    if (line !== undefined) yield `${JSON.stringify(line)}\n`
  }
}

function toLine(event: TestEvent, openNames: readonly string[]): TestLine | undefined {
  if (event.type === 'test:dequeue') return { type: 'started', name: event.data.name }
  if (event.type === 'test:complete') return { type: 'closed', name: event.data.name }
  if (event.type === 'test:summary') return { type: 'ended' }
  if (event.type === 'test:diagnostic') return remarkOf(event.data.message)
  if (event.type !== 'test:pass' && event.type !== 'test:fail') return undefined
  const { nesting, skip, todo, details } = event.data
  const name = [...openNames.slice(0, nesting), event.data.name].join(' › ')
  if (skip !== undefined && skip !== false) return { type: 'skipped', name, reason: reasonOf(skip) }
  if (todo !== undefined && todo !== false) return { type: 'skipped', name, reason: 'to do' }
  if (event.type === 'test:fail') return failure(name, event.data.details.error)
  return details.type === 'suite' ? undefined : { type: 'passed', name }
}

function failure(name: string, error: Error & { failureType?: string }): TestLine | undefined {
  // Its subtests have failed and are told one by one.
  if (error.failureType === 'subtestsFailed') return undefined
  return { type: 'failed', name, details: inspect(error.cause ?? error, { depth: 6 }) }
}

function remarkOf(remark: string): TestLine | undefined {
  // Node tells an error after a test's end as a remark only.
  if (remark.startsWith('Error:'))
    return { type: 'failed', name: 'after a test had ended', details: remark }
  return ownCount.test(remark) ? undefined : { type: 'told', remark }
}

/** Node's own counts at the end of a file. */
const ownCount = /^(?:tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/

function reasonOf(skip: string | boolean): string {
  return typeof skip === 'string' && skip !== '' ? skip : 'no reason given'
}
