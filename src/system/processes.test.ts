import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { afterwards } from '../../test/support/afterwards.ts'
import { temporaryFolder } from '../../test/support/temp-folder.ts'
import { waitUntil } from '../../test/support/wait-until.ts'
import {
  bootId,
  descendants,
  identify,
  isAlive,
  pidsWithVariable,
  processName,
  sendSignal,
  signalProcess,
  socketHolder,
  socketInodes,
  tcpListenerInodes,
  unixListenerInodes,
} from './processes.ts'
import { randomText } from './random-id.ts'

function start(t: TestContext, line: string, env: Record<string, string> = {}): ChildProcess {
  const mark = randomText(12)
  const child = spawn('/bin/sh', ['-c', line], {
    env: { PATH: '/usr/bin:/bin', SLUICE_TEST_MARK: mark, ...env },
  })
  afterwards(t, () => {
    for (const pid of pidsWithVariable('SLUICE_TEST_MARK', mark)) sendSignal(pid, 'SIGKILL')
  })
  return child
}

function pidOf(child: ChildProcess): number {
  assert.ok(child.pid !== undefined)
  return child.pid
}

test('a process is known by boot, pid and start time, and only while it lives', async (t) => {
  const child = start(t, 'exec sleep 1000')
  const identity = identify(pidOf(child))
  assert.ok(identity !== undefined)
  assert.equal(identity.bootId, bootId())
  assert.match(identity.startTime, /^\d+$/)
  assert.equal(isAlive(identity), true)
  child.kill('SIGKILL')
  await once(child, 'exit')
  assert.equal(isAlive(identity), false)
})

test('another process of the same pid is not taken for it', (t) => {
  const identity = identify(pidOf(start(t, 'exec sleep 1000')))
  assert.ok(identity !== undefined)
  const earlier = { ...identity, startTime: String(Number(identity.startTime) - 1) }
  assert.equal(isAlive(earlier), false)
  assert.equal(signalProcess(earlier, 'SIGKILL'), false)
  assert.equal(isAlive({ ...identity, bootId: 'another' }), false)
  assert.equal(isAlive(identity), true)
})

test('a zombie counts as ended', async (t) => {
  // The parent becomes a program that never waits for its child.
  const parent = start(t, `sleep 0.1 & echo $!; exec sleep 1000`)
  assert.ok(parent.stdout !== null)
  const [line] = (await once(parent.stdout, 'data')) as [Buffer]
  const pid = Number(line.toString())
  await waitUntil(() => /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8')))
  assert.equal(identify(pid), undefined)
})

test('processes are found by an exact variable of their environment, new sessions too', async (t) => {
  const value = randomText(12)
  start(t, 'setsid sleep 1000 & wait', { SLUICE_TEST: value })
  start(t, 'exec sleep 1000', { SLUICE_TEST: `${value}x`, X_SLUICE_TEST: value })
  await waitUntil(() => {
    const found = pidsWithVariable('SLUICE_TEST', value)
    return found.length === 2 && found.some((pid) => processName(pid) === 'sleep')
  })
})

test('descendants are found over generations', async (t) => {
  const child = start(t, `sh -c 'sleep 1000; true'; true`)
  await waitUntil(() => descendants(pidOf(child)).length === 3)
})

test('the holder of a listening TCP port is found, on any address', async (t) => {
  for (const host of ['127.0.0.1', '0.0.0.0', '::1']) {
    const server = createServer()
    server.listen(0, host)
    await once(server, 'listening')
    afterwards(t, () => server.close())
    const address = server.address()
    assert.ok(typeof address === 'object' && address !== null)
    const inodes = tcpListenerInodes(address.port)
    assert.equal(inodes.length, 1)
    assert.ok(socketInodes([process.pid]).has(inodes[0] ?? ''))
    assert.equal(socketHolder(inodes), process.pid)
  }
})

test('the holder of a listening unix socket is found, and a dead socket has none', async (t) => {
  const path = join(temporaryFolder(t), 's.sock')
  const server = createServer()
  server.listen(path)
  await once(server, 'listening')
  const inodes = unixListenerInodes(path)
  assert.equal(inodes.length, 1)
  assert.equal(socketHolder(inodes), process.pid)
  server.close()
  await once(server, 'close')
  assert.deepEqual(unixListenerInodes(path), [])
  assert.equal(socketHolder(inodes), undefined)
})
