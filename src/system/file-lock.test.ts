import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

import { afterwards } from '../../test/support/afterwards.ts'
import { temporaryFolder } from '../../test/support/temp-folder.ts'
import { waitUntil } from '../../test/support/wait-until.ts'
import { systemClock } from './clock.ts'
import { acquireLock, assertFence, currentFence, lastHolder } from './file-lock.ts'
import { identify } from './processes.ts'

const program = fileURLToPath(new URL('../../test/support/programs/hold-lock.ts', import.meta.url))
const request = { purpose: 'deploy shop 1.4.2', clock: systemClock }

async function holdElsewhere(t: TestContext, path: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [program, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  afterwards(t, () => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  return child
}

test('a lock excludes another process, which is told who holds it and why', async (t) => {
  const path = join(temporaryFolder(t), 'lock')
  const holder = await holdElsewhere(t, path)
  await assert.rejects(acquireLock(path, request), {
    code: 'locked',
    retryable: true,
    message: new RegExp(`\\(process ${holder.pid}\\) since .* for: hold it for a test`),
  })
  assert.equal(lastHolder(path)?.process.pid, holder.pid)
})

test('a lock ends with kill -9 of its holder, also for one who waits', async (t) => {
  const path = join(temporaryFolder(t), 'lock')
  const holder = await holdElsewhere(t, path)
  const waiting = acquireLock(path, { ...request, wait: 20_000 })
  holder.kill('SIGKILL')
  const lock = await waiting
  assert.equal(lastHolder(path)?.process.pid, process.pid)
  lock.release()
})

test('two descriptors of one process exclude each other as well', async (t) => {
  const path = join(temporaryFolder(t), 'lock')
  const lock = await acquireLock(path, request)
  await assert.rejects(acquireLock(path, request), { code: 'locked' })
  lock.release()
  const again = await acquireLock(path, request)
  again.release()
})

test('the fence grows with every holder, and an earlier one is refused', async (t) => {
  const path = join(temporaryFolder(t), 'lock')
  assert.equal(currentFence(path), 0)
  const first = await acquireLock(path, request)
  assertFence(path, first.fence)
  first.release()
  const second = await acquireLock(path, request)
  assert.ok(second.fence > first.fence)
  assertFence(path, second.fence)
  assert.throws(() => assertFence(path, first.fence), { code: 'fenced' })
  second.release()
})

test('what the holder starts does not keep the lock', async (t) => {
  const path = join(temporaryFolder(t), 'lock')
  const lock = await acquireLock(path, request)
  const child = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' })
  afterwards(t, () => child.kill('SIGKILL'))
  await waitUntil(() => identify(child.pid ?? 0) !== undefined)
  lock.release()
  const again = await acquireLock(path, request)
  again.release()
})

test('a wait for a lock ends with the reason of an abort', async (t) => {
  const path = join(temporaryFolder(t), 'lock')
  const lock = await acquireLock(path, request)
  const controller = new AbortController()
  const waiting = acquireLock(path, { ...request, wait: 60_000, signal: controller.signal })
  controller.abort(new Error('stop waiting'))
  await assert.rejects(waiting, /stop waiting/)
  lock.release()
})
