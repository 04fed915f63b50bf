import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { appendFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { createFakeHost } from '../../test/support/fake-host.ts'
import { recordedIo } from '../../test/support/program-io.ts'
import { temporaryFolder } from '../../test/support/temp-folder.ts'
import { runProgram } from '../terminal/index.ts'
import { followFile, lastLines } from './log-tail.ts'
import { sluiceProgram } from './sluice-program.ts'

function logFile(t: TestContext, text: string): string {
  const file = join(temporaryFolder(t), 'service.log')
  writeFileSync(file, text)
  return file
}

/** Follows a file and tells when a line has come. */
function follow(t: TestContext, file: string, from = 0) {
  const controller = new AbortController()
  const lines: string[] = []
  const came = new EventEmitter()
  const ended = followFile(file, {
    from,
    signal: controller.signal,
    onLine: (line) => {
      lines.push(line)
      came.emit('line')
    },
  })
  t.after(() => controller.abort())
  return {
    lines,
    ended,
    stop: () => controller.abort(),
    async until(last: string): Promise<void> {
      while (lines.at(-1) !== last) await once(came, 'line')
    },
  }
}

test('the last lines are those at the end, however long the file is', (t) => {
  const text = Array.from({ length: 50_000 }, (_, index) => `line ${index}`).join('\n')
  const file = logFile(t, `${text}\n`)
  assert.deepEqual(lastLines(file, 2).lines, ['line 49998', 'line 49999'])
  assert.equal(lastLines(file, 100_000).lines.length, 50_000)
  assert.equal(lastLines(file, 20_000).lines[0], 'line 30000')
})

test('a line that is still being written is left for later', (t) => {
  const file = logFile(t, 'one\ntwo\nthr')
  assert.deepEqual(lastLines(file, 5), { lines: ['one', 'two'], end: 8 })
  assert.deepEqual(lastLines(file, 0), { lines: [], end: 8 })
})

test('a file without a newline, an empty and a missing one have no lines', (t) => {
  assert.deepEqual(lastLines(logFile(t, 'x'), 5), { lines: [], end: 0 })
  assert.deepEqual(lastLines(logFile(t, ''), 5), { lines: [], end: 0 })
  assert.deepEqual(lastLines('/nonexistent/log', 5), { lines: [], end: 0 })
})

test('following tells new lines, also those written in pieces', async (t) => {
  const file = logFile(t, 'old\n')
  const followed = follow(t, file, 4)
  appendFileSync(file, 'new ')
  appendFileSync(file, Buffer.from('größer').subarray(0, 4))
  appendFileSync(file, Buffer.concat([Buffer.from('größer').subarray(4), Buffer.from('\n')]))
  await followed.until('new größer')
  followed.stop()
  await followed.ended
  assert.deepEqual(followed.lines, ['new größer'])
})

test('a file that was cut is read from its beginning, a missing one is waited for', async (t) => {
  const file = logFile(t, 'a long old line\n')
  const followed = follow(t, file, 16)
  truncateSync(file, 0)
  appendFileSync(file, 'after cut\n')
  await followed.until('after cut')
  rmSync(file)
  writeFileSync(file, 'fresh\n')
  await followed.until('fresh')
  followed.stop()
  await followed.ended
  assert.deepEqual(followed.lines, ['after cut', 'fresh'])
})

async function logs(files: readonly string[], argv: readonly string[]): Promise<string> {
  const host = createFakeHost({ deeds: { logFileOf: () => ({ files }) } })
  const recorded = recordedIo()
  const program = sluiceProgram(host.door, '/')
  assert.equal(await runProgram(program, ['logs', 'x', ...argv], recorded.io), 0)
  return recorded.stdout()
}

test('logs shows control characters, obeys them only with --raw, and knows JSON', async (t) => {
  const file = logFile(t, 'one\n\u001b[31mtwo\n')
  assert.equal(await logs([file], []), 'one\n\\x1b[31mtwo\n')
  assert.equal(await logs([file], ['--raw', '-n', '1']), '\u001b[31mtwo\n')
  assert.deepEqual(JSON.parse(await logs([file], ['--json', '-n', '1'])), {
    file,
    line: '\u001b[31mtwo',
  })
})

test('logs of several files have headings', async (t) => {
  const first = logFile(t, 'one\n')
  const second = logFile(t, 'two\n')
  assert.equal(await logs([first, second], []), `==> ${first} <==\none\n\n==> ${second} <==\ntwo\n`)
})

test('logs -f ends with Ctrl-C as a success', async (t) => {
  const file = logFile(t, 'one\n')
  const host = createFakeHost({ deeds: { logFileOf: () => ({ files: [file] }) } })
  const recorded = recordedIo()
  const running = runProgram(sluiceProgram(host.door, '/'), ['logs', 'x', '-f'], recorded.io)
  await new Promise((resolve) => setImmediate(resolve))
  recorded.signals.emit('SIGINT')
  assert.equal(await running, 0)
  assert.equal(recorded.stdout(), 'one\n')
  assert.equal(recorded.stderr(), '')
})
