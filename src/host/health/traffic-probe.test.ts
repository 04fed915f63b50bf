import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import test from 'node:test'

import * as fc from 'fast-check'

import { afterwards } from '../../../test/support/afterwards.ts'
import { freePort } from '../../../test/support/free-port.ts'
import { waitUntil } from '../../../test/support/wait-until.ts'
import { systemClock } from '../../system/index.ts'
import { requestEndpoint } from './endpoint-request.ts'
import { percentile } from './percentile.ts'
import { startTrafficProbe, summarize, type TrafficSample } from './traffic-probe.ts'

const good: TrafficSample = { ok: true, milliseconds: 5 }

test('a percentile is a value that so many do not exceed, and the smallest such', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1 }),
      fc.constantFrom(0.01, 0.5, 0.95, 0.99, 1),
      (values, share) => {
        const found = percentile(values, share)
        assert.ok(found !== undefined && values.includes(found))
        const within = (limit: number): number => values.filter((value) => value <= limit).length
        assert.ok(within(found) >= share * values.length)
        assert.ok(values.every((value) => value >= found || within(value) < share * values.length))
      },
    ),
  )
  assert.equal(percentile([], 0.99), undefined)
})

test('the 99th percentile of a hundred answers leaves out the slowest', () => {
  const samples = Array.from({ length: 100 }, (_, at) => ({ ok: at !== 7, milliseconds: at + 1 }))
  assert.deepEqual(summarize(samples), { sent: 100, failed: 1, p99: 99 })
})

test('requests are counted in the phase they were sent in', async () => {
  let sent = 0
  const probe = startTrafficProbe({
    interval: 1,
    clock: systemClock,
    request: async () => {
      sent += 1
      if (sent === 2) throw new Error('refused')
      return good
    },
  })
  await waitUntil(() => sent >= 3)
  probe.mark('during')
  const before = sent
  await waitUntil(() => sent >= before + 2)
  probe.mark('after')
  const { before: first, during, after } = await probe.finish()
  assert.deepEqual([first.failed, during.failed, after.failed], [1, 0, 0])
  assert.ok(first.sent >= 3 && during.sent >= 2)
  assert.equal(first.sent + during.sent + after.sent, sent)
})

test('a slow answer holds no other request back and is waited for at the end', async () => {
  let sent = 0
  const { promise: slow, resolve: release } = Promise.withResolvers<TrafficSample>()
  const probe = startTrafficProbe({
    interval: 1,
    clock: systemClock,
    request: () => {
      sent += 1
      return sent === 1 ? slow : Promise.resolve(good)
    },
  })
  await waitUntil(() => sent >= 5)
  probe.mark('after')
  const finished = probe.finish()
  release({ ok: false, milliseconds: 900 })
  const statement = await finished
  assert.deepEqual([statement.before.failed, statement.before.p99], [1, 900])
})

test('an endpoint that hangs gets no more than so many requests at once', async () => {
  let sent = 0
  const waiting: ((sample: TrafficSample) => void)[] = []
  const probe = startTrafficProbe({
    interval: 1,
    mostAtOnce: 4,
    clock: systemClock,
    request: () => {
      sent += 1
      return new Promise((resolve) => waiting.push(resolve))
    },
  })
  await waitUntil(() => sent === 4)
  await systemClock.sleep(30)
  assert.equal(sent, 4)
  const finished = probe.finish()
  for (const answer of waiting) answer(good)
  assert.equal((await finished).before.sent, 4)
})

test('a request through an endpoint carries its name, and only whole answers below 500 are good', async (t) => {
  const hosts: (string | undefined)[] = []
  const server = createServer((request, response) => {
    hosts.push(request.headers.host)
    if (request.url === '/cut') {
      response.writeHead(200, { 'content-length': '10' })
      response.write('12')
      return void setImmediate(() => response.destroy())
    }
    if (request.url === '/hang') return
    response.statusCode = Number(request.url?.slice(1))
    response.end('x')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  afterwards(t, () => server.close())
  afterwards(t, () => server.closeAllConnections())
  const { port } = server.address() as AddressInfo
  const ask = async (path: string, timeout = 20_000): Promise<boolean> => {
    const door = { address: '127.0.0.1', port, tls: false, host: 'shop.test', path, timeout }
    return (await requestEndpoint(door, systemClock)).ok
  }
  assert.deepEqual(
    [
      await ask('/200'),
      await ask('/404'),
      await ask('/503'),
      await ask('/cut'),
      await ask('/hang', 50),
    ],
    [true, true, false, false, false],
  )
  assert.deepEqual(new Set(hosts), new Set(['shop.test']))
  const refused = { address: '127.0.0.1', port: await freePort(), tls: false, host: 'x', path: '/' }
  assert.equal((await requestEndpoint({ ...refused, timeout: 20_000 }, systemClock)).ok, false)
})
