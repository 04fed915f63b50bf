import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import test, { type TestContext } from 'node:test'

import { afterwards } from '../../../../test/support/afterwards.ts'
import { temporaryFolder } from '../../../../test/support/temp-folder.ts'
import { noWall, openRelay, type Triggers } from '../../../control/index.ts'
import { AppError } from '../../../errors/index.ts'
import { systemClock } from '../../../system/index.ts'
import { readServerSettings } from '../settings.ts'
import { answer } from './answer.ts'
import { createServerMetrics } from './server-metrics.ts'

const broken: Triggers = {
  epoch: 'e',
  raise: () => Promise.reject(new AppError('database-unavailable', 'the disk is full')),
  read: () => Promise.reject(new AppError('database-unavailable', 'the disk is full')),
  waitBeyond: () => Promise.reject(new AppError('database-unavailable', 'the disk is full')),
  close: async () => undefined,
}

async function serveBroken(t: TestContext): Promise<{ url: string; told: string[] }> {
  const told: string[] = []
  const note = (message: string): void => void told.push(message)
  const relay = openRelay({
    directory: temporaryFolder(t),
    wall: noWall,
    limits: { bytes: 1000, fileBytes: 1000, age: 1000, free: 0 },
    clock: systemClock,
  })
  afterwards(t, () => relay.close())
  const context = {
    settings: readServerSettings({ PROSTAGMA_HOST: '127.0.0.1:0', PROSTAGMA_SECRET: 's' }),
    triggers: broken,
    relay,
    metrics: createServerMetrics(broken, relay),
    log: { info: note, error: note, fatal: note },
    signal: new AbortController().signal,
    childEnv: {},
  }
  const server = createServer((request, response) => void answer(request, response, context))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  afterwards(t, () => server.closeAllConnections())
  afterwards(t, () => void server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, told }
}

test('a raise that cannot be stored is answered with 500 at once, and told in the log', async (t) => {
  const { url, told } = await serveBroken(t)
  const body = JSON.stringify({ secret: 's', trigger: 'a' })
  const signal = AbortSignal.timeout(5000)
  const { status } = await fetch(`${url}/trigger`, { method: 'POST', body, signal })
  assert.equal(status, 500)
  assert.ok(told.includes('Could not answer'), told.join())
})
