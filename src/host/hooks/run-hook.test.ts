import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

import { afterwards } from '../../../test/support/afterwards.ts'
import { temporaryFolder } from '../../../test/support/temp-folder.ts'
import { AppError } from '../../errors/index.ts'
import {
  bootId,
  pidsWithVariable,
  randomText,
  sendSignal,
  systemClock,
} from '../../system/index.ts'
import { assertHookSucceeded, describeHookEnd } from './describe-hook.ts'
import { beginAttempt, readHookState } from './hook-record.ts'
import type { HookRequest, HookResult } from './hook-runner.ts'
import { ownProcesses } from './own-processes.ts'
import { runHook, type HookContext } from './run-hook.ts'

const program = fileURLToPath(
  new URL('../../../test/support/programs/run-hook.ts', import.meta.url),
)

function request(t: TestContext, command: string, more: Partial<HookRequest> = {}): HookRequest {
  const folder = temporaryFolder(t)
  const hook: HookRequest = {
    directory: join(folder, 'hook'),
    name: `test-${randomText(10)}`,
    command,
    cwd: folder,
    env: { PATH: '/usr/bin:/bin' },
    owner: undefined,
    timeout: 60_000,
    idempotent: false,
    mayLeaveProcesses: false,
    ...more,
  }
  afterwards(t, () =>
    ownProcesses('SLUICE_HOOK', hook.name).end({ clock: systemClock, signal: 'SIGKILL', grace: 0 }),
  )
  return hook
}

function run(hook: HookRequest, more: Partial<HookContext> = {}): Promise<HookResult> {
  return runHook(hook, {
    clock: systemClock,
    signal: new AbortController().signal,
    grace: 200,
    ...more,
  })
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries++) {
    if (tries > 3000) throw new Error('waited 30 s in vain')
    await systemClock.sleep(10)
  }
}

test('a hook reports its exit status and its output', async (t) => {
  const lines: string[] = []
  const hook = request(t, 'echo one; echo two >&2; exit 3')
  const result = await run(hook, { line: (line) => lines.push(line) })
  assert.deepEqual(lines, ['one', 'two'])
  assert.deepEqual(result, {
    status: 3,
    signal: null,
    timedOut: false,
    reattached: false,
    output: 'one\ntwo',
    killed: 0,
  })
})

test('a hook sees its environment, its directory, an empty input and nothing of ours', async (t) => {
  process.env['SLUICE_TEST_OURS'] = 'must not leak'
  afterwards(t, () => delete process.env['SLUICE_TEST_OURS'])
  const value = `it's "quoted" $HOME\nsecond line \\`
  const hook = request(t, 'pwd; cat; ls /proc/self/fd | grep "^[3-9]$"; env', {
    env: { PATH: '/usr/bin:/bin', VALUE: value },
  })
  const { output } = await run(hook)
  assert.equal(output.split('\n')[0], hook.cwd)
  assert.ok(output.includes(`VALUE=${value}`))
  assert.ok(!output.includes('must not leak'))
  // 3 is the descriptor of ls itself.
  assert.deepEqual(
    output.split('\n').filter((line) => /^\d$/.test(line)),
    ['3'],
  )
})

test('neither the command line nor the environment of a hook stands in an argv', async (t) => {
  const folder = temporaryFolder(t)
  const hook = request(t, `for f in /proc/[0-9]*/cmdline; do cat $f; done > ${folder}/argv`, {
    env: { PATH: '/usr/bin:/bin', TOKEN: 'canary-4711' },
  })
  await run(hook)
  assert.ok(!readFileSync(join(folder, 'argv'), 'utf8').includes('canary-4711'))
})

test('a bad name in the environment is refused before anything starts', async (t) => {
  const hook = request(t, 'true', { env: { 'A;touch x': '1' } })
  await assert.rejects(run(hook), { code: 'config-invalid' })
})

const ends: { command: string; words: string }[] = [
  { command: 'no-such-program-here', words: 'exited with 127 (command not found)' },
  { command: './plain-file', words: 'exited with 126 (not executable)' },
  { command: './bad-interpreter', words: 'exited with 127 (command not found)' },
  { command: 'kill -SEGV $$', words: 'was ended by SIGSEGV' },
  { command: 'kill -KILL $$', words: 'was ended by SIGKILL' },
  { command: 'exit 255', words: 'exited with 255' },
  { command: 'exit 75', words: 'exited with 75' },
  { command: 'if then', words: 'exited with 2' },
]

for (const { command, words } of ends) {
  test(`the end of "${command}" is told as "${words}"`, async (t) => {
    const hook = request(t, command)
    writeFileSync(join(hook.cwd, 'plain-file'), 'x')
    writeFileSync(join(hook.cwd, 'bad-interpreter'), '#!/bin/nothing\r\n')
    chmodSync(join(hook.cwd, 'bad-interpreter'), 0o755)
    const result = await run(hook)
    assert.equal(describeHookEnd(result), words)
    assert.throws(() => assertHookSucceeded('prestart', result), {
      code: 'command-failed',
      message: `prestart ${words}`,
    })
  })
}

test('a hook that never ends is ended at its time-out, its stubborn grandchildren as well', async (t) => {
  const hook = request(
    t,
    `(trap '' TERM; setsid sh -c 'trap "" TERM; while :; do sleep 1; done') & sleep 1000`,
    { timeout: 300 },
  )
  const result = await run(hook)
  assert.equal(result.timedOut, true)
  assert.deepEqual(pidsWithVariable('SLUICE_HOOK', hook.name), [])
  assert.throws(() => assertHookSucceeded('migrate', result), { code: 'command-timeout' })
})

test('a hook that ends itself on SIGTERM still counts as timed out', async (t) => {
  const hook = request(t, `trap 'echo bye; exit 0' TERM; while :; do sleep 0.05; done`, {
    timeout: 300,
  })
  const result = await run(hook, { grace: 10_000 })
  assert.deepEqual([result.timedOut, result.status], [true, 0])
  assert.match(result.output, /bye$/)
})

test('a child that keeps the output open does not delay the result and is killed and counted', async (t) => {
  const hook = request(t, `setsid sh -c 'sleep 1000' & exit 0`)
  const result = await run(hook)
  assert.equal(result.status, 0)
  assert.ok(result.killed >= 1)
  assert.deepEqual(pidsWithVariable('SLUICE_HOOK', hook.name), [])
})

test('a hook that may leave processes leaves them', async (t) => {
  const hook = request(t, `setsid sleep 1000 & exit 0`, { mayLeaveProcesses: true })
  const result = await run(hook)
  assert.deepEqual([result.status, result.killed], [0, 0])
  assert.equal(pidsWithVariable('SLUICE_HOOK', hook.name).length, 1)
})

// What is written in the instant of a cut may be lost (see `capLog`), so the end comes a moment later.
test('endless output stays below the limit on the disk and keeps its beginning and its end', async (t) => {
  const hook = request(t, 'echo first; yes 0123456789 | head -c 20000000; sleep 0.3; echo last')
  const told: string[] = []
  const result = await run(hook, { outputLimit: 100_000, line: (line) => told.push(line) })
  const file = join(hook.directory, 'output')
  assert.ok(readFileSync(file).length <= 200_000)
  assert.match(readFileSync(`${file}.head`, 'utf8'), /^first\n/)
  assert.match(result.output, /last$/)
  assert.match(told.at(-1) ?? '', /last$/)
})

test('a line without an end, control characters and broken UTF-8 cannot harm the reader', async (t) => {
  const told: string[] = []
  const hook = request(
    t,
    `printf '\\033[31mred\\033[0m \\377 \\000 end\\n'; head -c 200000 /dev/zero | tr '\\0' x`,
  )
  await run(hook, { line: (line) => told.push(line) })
  assert.equal(told[0], '␛[31mred␛[0m � ␀ end')
  assert.ok(told.every((line) => line.length < 2100))
})

test('an aborted caller ends the hook and gets its own reason back', async (t) => {
  const controller = new AbortController()
  const hook = request(t, 'echo begun; sleep 1000')
  const reason = new AppError('aborted', 'the person pressed Ctrl-C')
  const running = run(hook, { signal: controller.signal, line: () => controller.abort(reason) })
  await assert.rejects(running, { code: 'aborted' })
  assert.deepEqual(pidsWithVariable('SLUICE_HOOK', hook.name), [])
})

test('a second call does not start it again and reports the same result', async (t) => {
  const hook = request(t, 'echo ran >> ran; exit 4')
  await run(hook)
  const again = await run(hook)
  assert.deepEqual([again.status, again.reattached], [4, true])
  assert.equal(readFileSync(join(hook.cwd, 'ran'), 'utf8'), 'ran\n')
})

test('a hook survives kill -9 of its caller and the next caller reports the true result', async (t) => {
  const rounds = Number(process.env['SLUICE_TEST_ROUNDS'] ?? 20)
  for (let round = 0; round < rounds; round++) {
    const status = round % 7
    const hook = request(t, `echo begun >> ran; sleep 0.2; echo done; exit ${status}`)
    const caller = spawn(process.execPath, [program, JSON.stringify(hook)], { stdio: 'ignore' })
    await until(() => existsSync(join(hook.cwd, 'ran')))
    caller.kill('SIGKILL')
    const result = await run(hook)
    assert.deepEqual([result.status, result.output], [status, 'done'], `round ${round}`)
    assert.equal(readFileSync(join(hook.cwd, 'ran'), 'utf8'), 'begun\n')
  }
})

test('a caller killed at any moment never starts a hook twice', async (t) => {
  for (let round = 0; round < 10; round++) {
    const hook = request(t, 'echo ran >> ran')
    const caller = spawn(process.execPath, [program, JSON.stringify(hook)], { stdio: 'ignore' })
    await until(() => existsSync(join(hook.directory, 'begun')))
    await systemClock.sleep(round)
    caller.kill('SIGKILL')
    const result = await run(hook)
    assert.equal(result.status, 0)
    assert.equal(readFileSync(join(hook.cwd, 'ran'), 'utf8'), 'ran\n')
  }
})

test('a hook whose runner was killed is reported as unknown, ended, and not run again', async (t) => {
  const hook = request(t, 'echo ran >> ran; sleep 1000')
  const caller = spawn(process.execPath, [program, JSON.stringify(hook)], { stdio: 'ignore' })
  await until(() => existsSync(join(hook.cwd, 'ran')))
  caller.kill('SIGKILL')
  killRunner(hook)
  await assert.rejects(run(hook), { code: 'outcome-unknown' })
  await assert.rejects(run(hook), { code: 'outcome-unknown' })
  assert.equal(readFileSync(join(hook.cwd, 'ran'), 'utf8'), 'ran\n')
  assert.deepEqual(pidsWithVariable('SLUICE_HOOK', hook.name), [])
})

test('after a reboot a hook without a result is unknown, and an idempotent one is run again', async (t) => {
  const hook = request(t, 'echo ran >> ran')
  pretendEarlierBoot(hook)
  await assert.rejects(run(hook), { code: 'outcome-unknown' })
  assert.ok(!existsSync(join(hook.cwd, 'ran')))
  assert.equal((await run({ ...hook, idempotent: true })).status, 0)
  assert.equal(readFileSync(join(hook.cwd, 'ran'), 'utf8'), 'ran\n')
})

test('a hook that was announced but never started is started once', async (t) => {
  const hook = request(t, 'echo ran >> ran')
  mkdirSync(hook.directory)
  beginAttempt(hook.directory, { number: 1, bootId: bootId(), at: Date.now(), outputFrom: 0 })
  const result = await run(hook)
  assert.deepEqual([result.status, result.reattached], [0, false])
  assert.equal(readFileSync(join(hook.cwd, 'ran'), 'utf8'), 'ran\n')
})

test('a time-out counts from the start of the hook, not from the call that joins it', async (t) => {
  const hook = request(t, 'sleep 1000')
  const caller = spawn(process.execPath, [program, JSON.stringify(hook)], { stdio: 'ignore' })
  await until(() => readHookState(hook.directory).state === 'running')
  caller.kill('SIGKILL')
  const later = { ...systemClock, now: () => Date.now() + 3_600_000 }
  const result = await run(hook, { clock: later })
  assert.deepEqual([result.timedOut, result.reattached], [true, true])
})

test(
  'a hook runs as its owner, and so does what it creates',
  { skip: isRoot() ? false : 'only root can run as another user' },
  async (t) => {
    const hook = request(t, 'id -u; id -g; touch mine && stat -c %u mine', {
      owner: { uid: 65534, gid: 65534 },
    })
    chmodSync(hook.cwd, 0o777)
    assert.equal((await run(hook)).output, '65534\n65534\n65534')
  },
)

function killRunner(hook: HookRequest): void {
  const found = readHookState(hook.directory)
  assert.equal(found.state, 'running')
  if (found.state === 'running') sendSignal(found.runner.pid, 'SIGKILL')
}

function pretendEarlierBoot(hook: HookRequest): void {
  mkdirSync(hook.directory)
  beginAttempt(hook.directory, {
    number: 1,
    bootId: 'an-earlier-boot',
    at: Date.now(),
    outputFrom: 0,
  })
}

function isRoot(): boolean {
  return process.getuid?.() === 0
}
