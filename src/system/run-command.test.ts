import assert from 'node:assert/strict'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { once } from 'node:events'
import { join } from 'node:path'
import test from 'node:test'

import { afterwards } from '../../test/support/afterwards.ts'
import { temporaryFolder } from '../../test/support/temp-folder.ts'
import {
  childEnvironment,
  describeEnd,
  run,
  runOrFail,
  runSync,
  runUserLine,
  startDetached,
} from './run-command.ts'

test('a program runs without a shell and its streams come apart', async () => {
  const result = await run([
    '/bin/sh',
    '-c',
    'echo out "$1"; echo err >&2; exit 3',
    'x',
    '$HOME; *',
  ])
  assert.deepEqual(result, {
    status: 3,
    signal: null,
    stdout: 'out $HOME; *\n',
    stderr: 'err\n',
    timedOut: false,
  })
})

test('a status other than 0 is an error only where success is asked for', async () => {
  await assert.rejects(runOrFail(['/bin/sh', '-c', 'echo bad >&2; exit 4']), {
    code: 'command-failed',
    output: 'bad\n',
    message: /exited with 4$/,
  })
  assert.equal(await runOrFail(['echo', 'fine']), 'fine\n')
})

test('a program that does not exist is an error that names it', async () => {
  await assert.rejects(run(['/no/such/program']), {
    code: 'command-failed',
    message: /^\/no\/such\/program could not be started/,
  })
  assert.ok(runSync(['/no/such/program']).error !== undefined)
})

test('a program that takes too long is ended, with SIGKILL when it must be', async () => {
  const gentle = await run(['sleep', '1000'], { timeout: 50 })
  assert.deepEqual([gentle.signal, gentle.timedOut], ['SIGTERM', true])
  assert.equal(describeEnd(gentle), 'did not end in time')
  const stubborn = await runUserLine(`trap '' TERM; while :; do sleep 0.05; done`, { timeout: 200 })
  assert.deepEqual([stubborn.signal, stubborn.timedOut], ['SIGKILL', true])
})

test('an abort ends the program', async () => {
  const controller = new AbortController()
  const running = run(['sleep', '1000'], { signal: controller.signal })
  controller.abort()
  const result = await running
  assert.deepEqual([result.signal, result.timedOut], ['SIGTERM', false])
})

test('input is given to the program, and a program that does not read it is fine', async () => {
  assert.equal((await run(['cat'], { input: 'hello' })).stdout, 'hello')
  assert.equal((await run(['true'], { input: 'x'.repeat(1_000_000) })).status, 0)
})

test('only the last part of a long output is kept', async () => {
  const { stdout } = await runUserLine('yes | head -c 1000000; echo end')
  assert.equal(stdout.length, 64 * 1024)
  assert.match(stdout, /end\n$/)
})

test('children never get the variables that steer a JavaScript runtime', async (t) => {
  for (const name of ['NODE_OPTIONS', 'BUN_OPTIONS', 'BUN_BE_BUN']) {
    process.env[name] = ''
    afterwards(t, () => delete process.env[name])
  }
  const { stdout } = await run(['env'])
  assert.doesNotMatch(stdout, /^(NODE_OPTIONS|BUN_\w+)=/m)
  assert.equal(childEnvironment({ EXTRA: 'x' })['EXTRA'], 'x')
})

test('a detached program gets a session, an empty input and the descriptors given', async (t) => {
  const file = join(temporaryFolder(t), 'out')
  const output = openSync(file, 'a')
  const child = startDetached(
    ['/bin/sh', '-c', 'cat; echo third >&3; cut -d" " -f1,6 /proc/$$/stat; env'],
    {
      env: { A: 'b', PATH: '/usr/bin:/bin' },
      stdout: output,
      stderr: output,
      descriptors: [output],
    },
  )
  closeSync(output)
  await once(child, 'exit')
  const text = readFileSync(file, 'utf8')
  assert.match(text, /^third\n/)
  assert.match(text, new RegExp(`^${child.pid} ${child.pid}$`, 'm'))
  assert.match(text, /^A=b$/m)
})
