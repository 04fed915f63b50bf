import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import test from 'node:test'

import { temporaryFolder } from '../../../test/support/temp-folder.ts'
import { waitUntil } from '../../../test/support/wait-until.ts'
import { AppError } from '../../errors/index.ts'
import { childEnvironment, identify, systemClock } from '../../system/index.ts'
import type { FileSource } from './file-source.ts'
import { runScript, type ScriptContext } from './run-script.ts'
import type { ScriptEvent, ScriptStep } from './script-step.ts'

interface Rig {
  readonly context: ScriptContext
  readonly events: ScriptEvent[]
  readonly stop: AbortController
}

function rig(more: Partial<ScriptContext> = {}): Rig {
  const events: ScriptEvent[] = []
  const stop = new AbortController()
  const context: ScriptContext = {
    clock: systemClock,
    shell: '/bin/sh',
    env: childEnvironment(),
    files: noFiles,
    report: (event) => events.push(event),
    signal: stop.signal,
    grace: 200,
    ...more,
  }
  return { context, events, stop }
}

const noFiles: FileSource = {
  refresh: () => Promise.reject(new AppError('bug', 'nothing is downloaded here')),
  open: () => Promise.reject(new AppError('bug', 'nothing is downloaded here')),
}

function shell(lines: readonly string[], more: Partial<ScriptStep> = {}): ScriptStep {
  return { name: 'shell', action: { kind: 'shell', lines }, ...more }
}

function outputs(events: readonly ScriptEvent[]): string[] {
  return events.flatMap((event) => (event.type === 'script-line-ended' ? [event.output] : []))
}

test('each line has a shell of its own: no directory and no variable carries over', async () => {
  const { context, events } = rig()
  const lines = ['cd /', 'pwd', 'X=1', 'echo "[$X]"']
  assert.deepEqual(await runScript([shell(lines)], context), { succeeded: 1 })
  assert.deepEqual(outputs(events), ['', `${process.cwd()}\n`, '', '[]\n'])
})

test('both streams of a line are reported in the order in which they were written', async () => {
  const { context, events } = rig()
  await runScript([shell(['echo a; echo b >&2; echo c; echo d >&2'])], context)
  assert.deepEqual(outputs(events), ['a\nb\nc\nd\n'])
  const live = events.flatMap((event) => (event.type === 'script-output' ? [event.text] : []))
  assert.equal(live.join(''), 'a\nb\nc\nd\n')
})

test('a failing line stops the script, and its output is reported', async () => {
  const { context, events } = rig()
  const steps = [shell(['echo one', 'echo why; exit 3', 'echo never']), shell(['echo never'])]
  const outcome = await runScript(steps, context)
  assert.equal(outcome.succeeded, 0)
  assert.equal(outcome.error?.code, 'command-failed')
  assert.match(outcome.error?.message ?? '', /exited with 3/)
  assert.deepEqual(outputs(events), ['one\n', 'why\n'])
  assert.equal(events.at(-1)?.type, 'script-step-ended')
})

test('a step that cannot be made out fails when its turn comes, after the steps before it', async () => {
  const { context, events } = rig()
  function* steps(): Generator<ScriptStep> {
    yield shell(['echo first'])
    throw new AppError('script-invalid', 'no such step')
  }
  const outcome = await runScript(steps(), context)
  assert.deepEqual([outcome.succeeded, outcome.error?.code], [1, 'script-invalid'])
  assert.deepEqual(outputs(events), ['first\n'])
})

test('a step has its own directory and variables', async (t) => {
  const cwd = temporaryFolder(t)
  const { context, events } = rig()
  await runScript([shell(['echo "$PWD $COLOUR"'], { cwd, env: { COLOUR: 'red' } })], context)
  assert.deepEqual(outputs(events), [`${cwd} red\n`])
})

test('standard input is empty', async () => {
  const { context, events } = rig()
  await runScript([shell(['cat; echo done'])], context)
  assert.deepEqual(outputs(events), ['done\n'])
})

test('a shell that is not there is told as the failure of its step', async () => {
  const { context } = rig({ shell: '/no/such/shell' })
  const { error } = await runScript([shell(['true'])], context)
  assert.equal(error?.code, 'command-failed')
  assert.match(error?.message ?? '', /\/no\/such\/shell could not be started/)
})

test('what a line leaves in the background holds nobody up and lives on', async (t) => {
  const file = join(temporaryFolder(t), 'pid')
  const { context } = rig()
  const outcome = await runScript([shell([`sleep 60 & echo $! > ${file}`])], context)
  assert.equal(outcome.error, undefined)
  const pid = Number(readFileSync(file, 'utf8'))
  assert.notEqual(identify(pid), undefined)
  process.kill(pid)
})

test('a step beyond its time is ended with all that its line started', async (t) => {
  const file = join(temporaryFolder(t), 'pid')
  const { context } = rig()
  const lines = [`sleep 60 & echo $! > ${file}; wait`, 'echo never']
  const { error } = await runScript([shell(lines, { timeout: 300 })], context)
  assert.equal(error?.code, 'command-timeout')
  await waitUntil(() => identify(Number(readFileSync(file, 'utf8'))) === undefined)
})

test('asked to stop, the running line may end within the grace and no other begins', async (t) => {
  const file = join(temporaryFolder(t), 'done')
  const { context, stop } = rig({
    grace: 10_000,
    report: (event) => {
      if (event.type === 'script-output') stop.abort(new AppError('aborted', 'stopped'))
    },
  })
  const lines = [`echo running; sleep 0.3; touch ${file}`, `rm ${file}`]
  const { error } = await runScript([shell(lines)], { ...context, signal: stop.signal })
  assert.equal(error?.code, 'aborted')
  assert.equal(existsSync(file), true)
})

test('a line that ignores the request to stop and SIGTERM is killed', async () => {
  const { context, stop } = rig({
    grace: 50,
    report: (event) => {
      if (event.type === 'script-output') stop.abort(new AppError('aborted', 'stopped'))
    },
  })
  const begin = performance.now()
  const lines = [`trap '' TERM; echo running; while :; do sleep 0.1; done`]
  const { error } = await runScript([shell(lines)], { ...context, signal: stop.signal })
  assert.equal(error?.code, 'command-failed')
  assert.ok(performance.now() - begin < 10_000)
})

test('output is kept to its last 64 KiB', async () => {
  const { context, events } = rig({ report: (event) => events.push(event) })
  await runScript([shell(['head -c 200000 /dev/zero | tr "\\0" x; echo end'])], context)
  const [output = ''] = outputs(events)
  assert.equal(output.length, 65_536)
  assert.match(output, /xend\n$/)
})

test('a line that writes more than 16 MiB fills no disk, and its end is kept', async () => {
  const { context, events } = rig()
  const line =
    'for i in 1 2 3; do head -c 12000000 /dev/zero | tr "\\0" x; sleep 0.3; done; echo end; stat -L -c %s /dev/stdout'
  await runScript([shell([line])], context)
  const [output = ''] = outputs(events)
  assert.match(output, /xend\n\d+\n$/)
  assert.ok(Number(/(\d+)\n$/.exec(output)?.[1]) < 30_000_000)
})

test('a download that does not come is ended at the time of its step', async (t) => {
  const dest = join(temporaryFolder(t), 'file')
  const never: FileSource = {
    refresh: (_, signal) =>
      new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as Error)),
      ),
    open: () => Promise.resolve({ size: 0, body: Readable.from([]) }),
  }
  const { context } = rig({ files: never })
  const action = { kind: 'download', source: 'web', url: 'x', dest, cache: false } as const
  const { error } = await runScript([{ name: 'slow', action, timeout: 50 }], context)
  assert.equal(error?.code, 'command-timeout')
  assert.equal(existsSync(dest), false)
})
