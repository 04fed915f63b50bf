import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import test from 'node:test'

import {
  measureSwitches,
  type SwitchOrder,
  type SwitchReport,
} from '../../bench/switching/measure-switches.ts'
import type { StartRival } from '../../bench/switching/rival.ts'
import { embedded, nginxReload, nginxSocket } from '../../bench/switching/sluice-rivals.ts'
import { builtProgram, byTier, toolOrSkip } from '../support/tools.ts'

const switches = byTier({ fast: 20, ci: 200, full: 1000 })
const order: SwitchOrder = { switches, requests: switches * 250, kind: 'raw' }
/** A reload takes longer, and each is met by more requests. */
const reloads = byTier({ fast: 2, ci: 20, full: 100 })
const reloadOrder = { switches: reloads, requests: reloads * 1500 }

function assertNothingLost(report: SwitchReport): void {
  assert.deepEqual(report.failures, [])
  assert.equal(report.failed, 0)
}

test(`mode socket: ${switches} switches lose no request and leave none with the old release`, async (t) => {
  if ((await toolOrSkip(t, 'nginx')) === undefined) return
  const report = await measureSwitches(nginxSocket, order)
  assertNothingLost(report)
  assert.equal(report.stale, 0)
})

test(`mode proxy: ${switches} switches lose no request and leave none with the old release`, async () => {
  const report = await measureSwitches(embedded(builtProgram('sluice')), order)
  assertNothingLost(report)
  assert.equal(report.stale, 0)
})

for (const kind of ['closing', 'retrying'] as const) {
  test(`mode reload: ${reloads} switches lose no request of ${kind} clients`, async (t) => {
    if ((await toolOrSkip(t, 'nginx')) === undefined) return
    const report = await measureSwitches(nginxReload, { ...reloadOrder, kind })
    assertNothingLost(report)
    if (kind === 'closing') assert.equal(report.stale, 0)
  })
}

test('a proxy that acknowledges before it has switched is found out', async () => {
  const rival = pretender(({ answerAs }, label) => {
    let left = 20
    return () => {
      left -= 1
      if (left === 0) answerAs(label)
    }
  })
  const report = await measureSwitches(rival, { switches: 5, requests: 1000, kind: 'raw' })
  assert.ok(report.stale >= 5, `${report.stale} stale`)
})

test('a proxy that breaks connections off is found out, unless its clients try again', async () => {
  const rival = pretender(({ answerAs, breakOff }, label) => {
    answerAs(label)
    breakOff()
    return () => undefined
  })
  const small = { switches: 5, requests: 1000 }
  const raw = await measureSwitches(rival, { ...small, kind: 'raw' })
  assert.ok(raw.failed >= 5, `${raw.failed} failed`)
  const retrying = await measureSwitches(rival, { ...small, kind: 'retrying' })
  assertNothingLost(retrying)
  assert.ok(retrying.retries >= 5, `${retrying.retries} retries`)
})

interface Stage {
  readonly answerAs: (label: string) => void
  readonly breakOff: () => void
}

/** A server that only looks like a proxy; `connect` decides what a switch does and what each later request. */
function pretender(connect: (stage: Stage, label: string) => () => void): StartRival {
  return async (scope, _folder, [first]) => {
    let label = first.label
    let onRequest: (() => void) | undefined
    const server = createServer((_request, response) => {
      onRequest?.()
      response.writeHead(200, { 'Content-Length': label.length })
      response.end(label)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    scope.after(() => {
      server.closeAllConnections()
      server.close()
    })
    const stage: Stage = {
      answerAs: (next) => {
        label = next
      },
      breakOff: () => server.closeAllConnections(),
    }
    return {
      port: (server.address() as AddressInfo).port,
      connect: async (release) => {
        onRequest = connect(stage, release.label)
        await Promise.resolve()
      },
    }
  }
}
