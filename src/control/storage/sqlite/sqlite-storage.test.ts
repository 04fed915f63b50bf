import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import test from 'node:test'

import { raise, storageConformance } from '../../../../test/conformance/storage-conformance.ts'
import { linesOf, startProgram } from '../../../../test/conformance/storage-crashes.ts'
import { afterwards } from '../../../../test/support/afterwards.ts'
import { temporaryFolder } from '../../../../test/support/temp-folder.ts'
import { toolOrSkip } from '../../../../test/support/tools.ts'
import { sendSignal } from '../../../system/index.ts'
import { openStorage } from '../open-storage.ts'

storageConformance('SQLite', async (t) => {
  const path = join(temporaryFolder(t), 'control/sluice.db')
  return { location: { kind: 'sqlite', path }, place: path, ask: async (text) => ask(path, text) }
})

function ask(path: string, text: string): Record<string, unknown>[] {
  const database = new DatabaseSync(path)
  try {
    return database
      .prepare(text)
      .all()
      .map((row) => ({ ...row }))
  } finally {
    database.close()
  }
}

test('a second process is refused and told who has the file', async (t) => {
  const path = join(temporaryFolder(t), 'sluice.db')
  const holder = startProgram(t, 'raise-triggers.ts', [path, '0'])
  await once(linesOf(holder), 'line')
  await assert.rejects(openStorage({ kind: 'sqlite', path }), {
    code: 'locked',
    message: new RegExp(`\\(process ${holder.pid}\\) since .* for: serve the database ${path}`),
  })
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  await (await openStorage({ kind: 'sqlite', path })).close()
})

test('every acknowledged raise was flushed to the disk before its answer', async (t) => {
  const strace = await toolOrSkip(t, 'strace')
  if (strace === undefined) return
  const folder = temporaryFolder(t)
  const trace = join(folder, 'trace')
  const calls = ['-f', '-qq', '-s', '40', '-e', 'trace=fdatasync,fsync,write', '-o', trace]
  const child = startProgram(
    t,
    'raise-triggers.ts',
    [join(folder, 'x/sluice.db'), '1'],
    [strace, ...calls],
  )
  const acknowledged = new Set<string>()
  let pid = 0
  for await (const line of linesOf(child)) {
    if (line.startsWith('ack')) acknowledged.add(line)
    if (line.startsWith('open')) pid = Number(line.slice(5))
    if (acknowledged.size === 30) endTraced(pid)
  }
  const happened = readFileSync(trace, 'utf8').split('\n')
  const marks = happened.flatMap((line) =>
    /f(data)?sync\(/.test(line) ? ['s'] : /write\(1, "ack/.test(line) ? ['a'] : [],
  )
  assert.ok(acknowledged.size >= 30)
  // The call in which the process was ended is told twice.
  const whole = marks.slice(0, marks.lastIndexOf('a'))
  assert.doesNotMatch(whole.join(''), /aa/)
})

test('a disk that is full fails the raise, keeps what was acknowledged, and is got over', async (t) => {
  const strace = await toolOrSkip(t, 'strace')
  if (strace === undefined) return
  const folder = temporaryFolder(t)
  const path = join(folder, 'x/sluice.db')
  const fault = 'inject=pwrite64:error=ENOSPC:when=300..340'
  const calls = ['-f', '-qq', '-o', '/dev/null', '-e', 'trace=pwrite64', '-e', fault]
  const child = startProgram(t, 'raise-triggers.ts', [path, '4'], [strace, ...calls])
  const acknowledged = new Map<string, number>()
  const failures = new Set<string>()
  let [after, pid] = [0, 0]
  for await (const line of linesOf(child)) {
    const [what, name, key = '', ...rest] = line.split(' ')
    if (what === 'open') pid = Number(name)
    if (what === 'ack') acknowledged.set(key, Number(rest[0]))
    if (what === 'error') failures.add(rest.join(' '))
    if (what === 'ack' && failures.size > 0) after += 1
    if (after === 20) endTraced(pid)
  }
  assert.deepEqual([...failures], ['disk-full true'])
  const storage = await openStorage({ kind: 'sqlite', path })
  afterwards(t, () => storage.close())
  const events = [
    ...(await storage.triggers.events('t0', { after: 0, limit: 100_000 })),
    ...(await storage.triggers.events('t1', { after: 0, limit: 100_000 })),
  ]
  const recorded = new Map(events.map(({ key, sequence }) => [key, sequence]))
  for (const [key, sequence] of acknowledged) assert.equal(recorded.get(key), sequence)
  // Each writer may have one more that was under way when the process ended; what failed is not there.
  assert.ok(recorded.size - acknowledged.size <= 4)
})

/** Ends what runs under strace, which would let it go on if it were ended itself. */
function endTraced(pid: number): void {
  if (pid > 0) sendSignal(pid, 'SIGKILL')
}

test('another program that holds the file for a moment is waited for', async (t) => {
  const path = join(temporaryFolder(t), 'sluice.db')
  const storage = await openStorage({ kind: 'sqlite', path })
  afterwards(t, () => storage.close())
  const other = startProgram(t, 'hold-sqlite.ts', [path, '1000'])
  await once(linesOf(other), 'line')
  assert.equal(await storage.triggers.define({ name: 'a', at: 1 }), true)
})

const damages: readonly [string, (bytes: Buffer) => Buffer][] = [
  ['text', () => Buffer.from('This is no database at all. '.repeat(400))],
  ['a database with a broken page', (bytes) => bytes.fill(0xff, bytes.length - 4096)],
]

for (const [what, damage] of damages) {
  test(`a file that is ${what} is refused and left as it is`, async (t) => {
    const path = join(temporaryFolder(t), 'sluice.db')
    const storage = await openStorage({ kind: 'sqlite', path })
    await storage.triggers.raise(Array.from({ length: 200 }, () => raise('a')))
    await storage.close()
    const damaged = damage(readFileSync(path))
    writeFileSync(path, damaged)
    await assert.rejects(openStorage({ kind: 'sqlite', path }), { code: 'state-corrupt' })
    assert.deepEqual(readFileSync(path), damaged)
  })
}

test('other accounts cannot read the database, nor what lies beside it', async (t) => {
  const folder = join(temporaryFolder(t), 'control')
  const storage = await openStorage({ kind: 'sqlite', path: join(folder, 'sluice.db') })
  afterwards(t, () => storage.close())
  await storage.triggers.define({ name: 'a', at: 1 })
  const modes = readdirSync(folder).map((name) => statSync(join(folder, name)).mode & 0o077)
  assert.ok(modes.length >= 3)
  assert.deepEqual(new Set(modes), new Set([0]))
})
