import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test, { type TestContext } from 'node:test'

import { runOrFail } from '../../src/system/index.ts'
import { temporaryFolder } from '../support/temp-folder.ts'
import { toolOrSkip } from '../support/tools.ts'

// What has to survive a loss of power is on the disk before the next thing builds on it: seen from the kernel.

const program = fileURLToPath(new URL('../support/programs/write-durably.ts', import.meta.url))
const watched = 'openat,write,pwrite64,fsync,fdatasync,rename,unlink,symlink,ftruncate'

/** The calls of one deed below its folder, such as `fsync .`; temporary names are `tmp`, opening to read is left out. */
async function callsOf(t: TestContext, deed: string): Promise<string[] | undefined> {
  const strace = await toolOrSkip(t, 'strace')
  if (strace === undefined) return undefined
  const folder = temporaryFolder(t)
  mkdirSync(join(folder, 'staging/tree'), { recursive: true })
  mkdirSync(join(folder, 'final'))
  writeFileSync(join(folder, 'file'), 'old')
  const trace = join(temporaryFolder(t), 'trace')
  const options = ['-qq', '-y', '-o', trace, '-e', `trace=${watched}`]
  await runOrFail([strace, ...options, process.execPath, program, deed, folder])
  const lines = readFileSync(trace, 'utf8').split('\n')
  return lines.flatMap((line) => describeCall(line, folder) ?? [])
}

function describeCall(line: string, folder: string): string | undefined {
  const call = /^(\w+)\(/.exec(line)?.[1]
  const isReading = call === 'openat' && !line.includes('O_CREAT')
  // Before a temporary file is made, an old one of its name is removed.
  if (call === undefined || isReading || line.includes('ENOENT')) return undefined
  const paths = [...line.matchAll(/[<"]([^<>"]+)[>"]/g)].map(([, path]) => path ?? '')
  const names = paths
    .filter((path) => path === folder || path.startsWith(`${folder}/`))
    .map((path) => path.slice(folder.length + 1) || '.')
  if (names.length === 0) return undefined
  const short = names.map((name) => (/^\..*\.tmp$/.test(name) ? 'tmp' : name))
  return [call, ...short.slice(0, call === 'rename' ? 2 : 1)].join(' ').replace('pwrite64', 'write')
}

/** Opening tells two paths: the directory it starts from and the file. */
function afterOpening(calls: readonly string[] | undefined): string[] | undefined {
  return calls?.filter((call) => !call.startsWith('openat'))
}

test('a replaced file is synced before it gets its name, and its directory after', async (t) => {
  const calls = afterOpening(await callsOf(t, 'replaceFile'))
  if (calls === undefined) return
  assert.deepEqual(calls, ['write tmp', 'fsync tmp', 'rename tmp file', 'fsync .'])
})

test('a link is moved by one rename and its directory synced', async (t) => {
  const calls = await callsOf(t, 'swapLink')
  if (calls === undefined) return
  assert.deepEqual(calls, ['symlink tmp', 'rename tmp link', 'fsync .'])
})

test('a published directory is synced, and both directories its name was in', async (t) => {
  const calls = await callsOf(t, 'publishDirectory')
  if (calls === undefined) return
  const rename = 'rename staging/tree final/tree'
  assert.deepEqual(calls, ['fsync staging/tree', rename, 'fsync final', 'fsync staging'])
})

test('a record that was appended is on the disk, and so is the name of a new log', async (t) => {
  const calls = afterOpening(await callsOf(t, 'append'))
  if (calls === undefined) return
  assert.deepEqual(calls, ['fsync .', 'write log', 'fsync log'])
})
