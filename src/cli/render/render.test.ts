import assert from 'node:assert/strict'
import test from 'node:test'

import {
  sampleDetail,
  sampleHistory,
  sampleLift,
  samplePlan,
  sampleResult,
  sampleStatus,
} from '../../../test/support/fake-host.ts'
import { result, styleFor, textWidth, type Style } from '../../terminal/index.ts'
import { deploymentResult, describeTraffic } from './deployment.ts'
import { renderDetail, renderHistory } from './history.ts'
import { renderPlan } from './plan.ts'
import { renderEndpoints, renderStatus } from './status.ts'

const now = sampleResult.startedAt + 3_600_000

function styleOf(columns?: number): Style {
  const stream = { write: () => undefined, isTTY: columns !== undefined, columns }
  return styleFor({ stream, environment: { TERM: 'xterm' }, noColor: true, now })
}

test('status tells apps, deploys, drift, quarantine, what is owed, and the endpoints', () => {
  assert.deepEqual(renderStatus(sampleStatus, styleOf()).split('\n'), [
    'web-1  /opt/sluice, proxy embedded in mode proxy',
    '',
    'shop  shop 1.4.2 since 1 h ago (20261120-124348-k3f9)',
    '  unfinished: deployment 20261120-130000-x7q1; next: sluice resume 20261120-130000-x7q1',
    '     deploy      state    version  listens  endpoints',
    '  →  shop-1.4.2  running  1.4.2    :20001   main       supervised, pid 4711',
    '     shop-1.4.1  stopped  1.4.1                        supervised, pinned, 3 restarts',
    '  drift: shop-1.4.2: config/app.json is changed',
    '  quarantined: shop 1.3.0 (sha256:eeeeeeeeeeee) by ada, 2 h ago: carts were empty; ' +
      '`sluice lift shop@1.3.0 --app shop --reason …` allows it',
    '',
    'endpoint  deploy           answer    server names',
    'main      shop/shop-1.4.2  200 4 ms  https shop.example.org',
    'beta      not connected    503 2 ms  http every host',
  ])
})

test('an empty host says what to type first', () => {
  const text = renderStatus({ ...sampleStatus, apps: [], endpoints: [] }, styleOf())
  assert.match(text, /no apps yet; `sluice deploy RELEASE`/)
  assert.match(text, /no endpoints here yet/)
})

test('an endpoint that answers with another generation, or not at all, is told apart', () => {
  const [endpoint] = sampleStatus.endpoints
  assert.ok(endpoint)
  const shown = (probe: typeof endpoint.probe) =>
    renderEndpoints([{ ...endpoint, probe }], styleOf())
  assert.match(shown({ generation: 6, status: 200, milliseconds: 1 }), /generation 6 instead of 7/)
  assert.match(shown({ generation: 7, status: undefined, milliseconds: 1 }), /no answer/)
  assert.match(shown(undefined), /not asked/)
})

test('tables of status and history are never wider than the terminal', () => {
  for (const text of [
    renderHistory(sampleHistory, styleOf(60)),
    renderEndpoints(sampleStatus.endpoints, styleOf(60)),
  ]) {
    for (const line of text.split('\n')) assert.ok(textWidth(line) <= 60, line)
  }
})

test('a lifted release stands in the history with who lifted it and why', () => {
  const text = renderHistory([...sampleHistory, sampleLift], styleOf())
  assert.match(text, /2 d ago +shop +lift +1\.4\.1 +ada +the database was at fault$/)
})

test('a plan tells what changes, what cannot be undone, and its hash', () => {
  const text = renderPlan(samplePlan, styleOf())
  assert.match(text, /replaces +shop 1\.4\.1 \(shop-1\.4\.1\)/)
  assert.match(text, /endpoint +main: shop-1\.4\.1 → shop-1\.4\.2 \(mode proxy\)/)
  assert.match(text, /migrate +run \.\/migrate {2}\(cannot be undone\)/)
  assert.match(text, /warning: the release has no check/)
  assert.match(text, /plan hash 9c1185a5c5e9fc54; nothing was changed$/)
})

test('the journal of a failed deployment shows every step and the last output', () => {
  const text = renderDetail(sampleDetail, styleOf())
  assert.match(text, /prove +failed +1 min 00 s/)
  assert.match(text, /switch +waiting/)
  assert.match(text, /error: GET \/health answered 500\n {2}│ listening\n {2}│ Error: no database/)
  assert.match(text, /next: sluice logs shop-1\.4\.1$/)
})

test('an unfinished deployment names the command that ends it', () => {
  const text = renderDetail({ ...sampleDetail, outcome: 'unfinished' }, styleOf())
  assert.match(text, /next +sluice resume 20261119-090000-b2c3/)
})

test('the traffic statement counts all three phases', () => {
  const phase = { sent: 10, failed: 1, p99: undefined }
  assert.equal(
    describeTraffic({
      endpoint: 'main',
      before: phase,
      during: phase,
      after: { ...phase, p99: 7 },
    }),
    '3 of 30 requests failed on main; p99 after 7 ms',
  )
})

test('a deployment without endpoint, probe or check still reads well', () => {
  const bare = deploymentResult({
    ...sampleResult,
    kind: 'stop',
    proof: 'none needed',
    traffic: undefined,
    serving: undefined,
    release: undefined,
    label: undefined,
  })
  assert.equal(
    bare.text(styleOf()),
    '✓ stop of shop succeeded (3.2 s)\n  deployment  20261120-124348-k3f9',
  )
})

test('what releases and hooks say cannot steer the terminal', () => {
  const hostile = { ...sampleResult, label: '\u001b]0;owned\u0007' }
  assert.match(deploymentResult(hostile).text(styleOf()), /\\x1b\]0;owned\\x07/)
  const listed = result(
    [{ ...sampleHistory[0], error: 'a\u009b2J\nb' }] as typeof sampleHistory,
    renderHistory,
  )
  assert.match(listed.text(styleOf()), /a\\x9b2J\\nb/)
})
