import { AppError } from '../../src/errors/index.ts'
import { commandDefiner, result, type Program, type ProgramRun } from '../../src/terminal/index.ts'

/** A small program with every kind of argument and option. */
export interface SampleContext extends ProgramRun {
  /** What `run` was called with, in order. */
  readonly seen: unknown[]
}

const defineCommand = commandDefiner<SampleContext>()

export const failures: Readonly<Record<string, () => unknown>> = {
  failed: () => new AppError('unhealthy', 'web answered 500', { output: 'a\nb', hint: 'look' }),
  refused: () => new AppError('quarantined', 'shop 1.4.2 is quarantined'),
  locked: () => new AppError('locked', 'ada works on shop'),
  partial: () => new AppError('undo-failed', 'half is left'),
  aborted: () => new AppError('aborted', 'stopped by SIGINT'),
  usage: () => new AppError('usage', 'that is not a number'),
  bug: () => new TypeError('x is not a function'),
}

const ship = defineCommand({
  name: 'ship',
  group: 'Work',
  summary: 'ship something',
  arguments: {
    thing: { summary: 'what', complete: () => Promise.resolve(['crate', 'crane', 'sha256:ab']) },
    rest: { summary: 'more', optional: true, variadic: true, choices: ['one', 'two'] },
  },
  options: {
    label: { short: 'l', value: 'LABEL', summary: 'name', complete: () => Promise.resolve(['x1']) },
    tag: { value: 'TAG', summary: 'tags', repeatable: true },
    count: { value: 'N', summary: 'how many', parse: readCount },
    size: { value: 'SIZE', summary: 'how big', choices: ['small', 'large'] },
    file: { value: 'FILE', summary: 'a file', complete: 'files' },
    dryRun: { short: 'n', summary: 'only tell' },
    noProbe: { summary: 'do not ask' },
  },
  examples: [{ line: 'ship crate -n', meaning: 'Tell what shipping a crate means.' }],
  run(context, values) {
    context.seen.push(values)
    const name: string = values.thing
    return Promise.resolve(
      result({ shipped: name, count: values.count ?? 1 }, ({ shipped }) => `shipped ${shipped}`),
    )
  },
})

const fail = defineCommand({
  name: 'fail',
  group: 'Work',
  summary: 'fail as told',
  arguments: { how: { summary: 'kind of failure' } },
  options: {},
  examples: [],
  run(_context, { how }) {
    throw failures[how]?.()
  },
})

const wait = defineCommand({
  name: 'wait',
  group: 'Work',
  summary: 'work until told to stop',
  arguments: {},
  options: {},
  examples: [],
  run({ report, signal }) {
    const deployment = 'd-1'
    report({ type: 'deployment-started', deployment, app: 'shop', title: 'deploy', steps: ['a'] })
    report({ type: 'step-started', step: 'a' })
    return new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error))
    })
  },
})

const crateOpen = defineCommand({
  name: 'crate open',
  group: 'Crates',
  summary: 'open a crate',
  arguments: { crate: { summary: 'which', optional: true, complete: () => hangs() } },
  options: {},
  examples: [],
  run(context, values) {
    context.seen.push(values)
    return Promise.resolve(undefined)
  },
})

const secret = defineCommand({
  name: 'secret',
  group: 'Work',
  summary: 'not for people',
  arguments: { broken: { summary: 'x', complete: () => Promise.reject(new Error('no state')) } },
  options: {},
  examples: [],
  hidden: true,
  run: () => Promise.resolve(undefined),
})

export function sampleProgram(): Program<SampleContext> & { readonly seen: unknown[] } {
  const seen: unknown[] = []
  return {
    name: 'sample',
    summary: 'sample ships things',
    version: '1.2.3',
    commands: [ship, fail, wait, crateOpen, secret],
    globals: { config: { value: 'FILE', summary: 'configuration', complete: 'files' } },
    resumeHint: '`sample resume` goes on',
    createContext: (run) => ({ ...run, seen }),
    seen,
  }
}

function readCount(text: string): number {
  if (/^\d+$/.test(text)) return Number(text)
  throw new AppError('usage', `"${text}" is not a number`)
}

function hangs(): Promise<readonly string[]> {
  return new Promise(() => undefined)
}
