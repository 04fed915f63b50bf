import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

import type { StorageLocation } from '../../src/control/index.ts'
import { builtServer, makeTokens, type BuiltServer } from '../support/built-server.ts'
import { startPostgres } from '../support/private-postgres.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { judgeStorm } from '../support/storm/judge-storm.ts'
import { planSends, type Send } from '../support/storm/plan-sends.ts'
import { startPoller, type Poller } from '../support/storm/poll-flapping.ts'
import { raiseAll, type Acknowledgement } from '../support/storm/raise-all.ts'
import { readRecords } from '../support/storm/read-records.ts'
import { temporaryFolder } from '../support/temp-folder.ts'
import { byTier, toolOrSkip } from '../support/tools.ts'
import { waitUntil } from '../support/wait-until.ts'

// Builds raise triggers while the server is killed again and again, and hosts come and go.

const raises = byTier({ fast: 1000, ci: 5000, full: 100_000 })
/** A life ends after a second, or after so many answers, so that a short storm has kills too. */
const longestLife = { milliseconds: 1000, answers: Math.max(100, raises / 25) }
const callers = 16
const triggers = ['t0', 't1', 't2', 't3']
const seed = 20_261_120

test(`SQLite: ${raises} raises through kill -9 about every second lose and double none`, async (t) => {
  const path = join(temporaryFolder(t), 'storm.db')
  await storm(t, { kind: 'sqlite', path }, { sqlite: path })
})

test(`PostgreSQL: ${raises} raises through kill -9 about every second lose and double none`, async (t) => {
  const program = await toolOrSkip(t, 'postgres')
  if (program === undefined) return
  const url = await (await startPostgres(t, program)).createDatabase()
  const postgresUrlFile = join(temporaryFolder(t), 'url')
  writeFileSync(postgresUrlFile, url.reveal(), { mode: 0o600 })
  await storm(t, { kind: 'postgres', url }, { postgresUrlFile })
})

async function storm(t: TestContext, location: StorageLocation, database: object): Promise<void> {
  const random = seededRandom(seed)
  const sends = planSends({ raises, triggers, random })
  const many = { perMinute: 10_000_000, burst: 1_000_000 }
  const server = await builtServer(t, {
    database,
    limits: { raise: many, poll: many },
    triggers: Object.fromEntries(triggers.map((name) => [name, { sources: ['token'] }])),
  })
  const pollers = await startPollers(t, server, random)
  const [token = ''] = await makeTokens(server, `trigger:${triggers.join(',')}`, 1)
  const begun = performance.now()
  const acknowledged = await raiseThroughKills(server, sends, token)
  const seconds = (performance.now() - begun) / 1000
  await everybodyIsTold(pollers, acknowledged)
  await server.stop()
  const told = pollers.map((poller) => poller.told)
  const records = await readRecords(location, triggers)
  const faults = judgeStorm({ sends, acknowledged, told, ...records })
  assert.deepEqual(faults.slice(0, 20), [])
  assert.ok(server.lives() > 5, `the server had ${server.lives()} lives`)
  const flaps = pollers.reduce((sum, poller) => sum + poller.brokenOff(), 0)
  assert.ok(flaps > 0)
  t.diagnostic(
    `${records.recorded.length} raises, ${sends.length} sends, ${server.lives() - 1} kills, ${flaps} polls broken off, ` +
      `${told.flat().length} answered, ${seconds.toFixed(1)} s (load ${loadavg()[0]?.toFixed(1)}, seed ${seed})`,
  )
}

/** Two for each trigger. */
async function startPollers(t: TestContext, server: BuiltServer, random: () => number) {
  const tokens = await makeTokens(server, 'viewer', triggers.length * 2)
  return tokens.map((token, index) => {
    const trigger = triggers[index % triggers.length] ?? ''
    const poller = startPoller({ server, token, trigger, random })
    t.after(() => poller.stop())
    return poller
  })
}

async function raiseThroughKills(
  server: BuiltServer,
  sends: readonly Send[],
  token: string,
): Promise<Acknowledgement[]> {
  const acknowledged: Acknowledgement[] = []
  const run = { isOver: false }
  const onAcknowledged = (one: Acknowledgement): void => void acknowledged.push(one)
  const raising = raiseAll(sends, { server, token, callers, onAcknowledged }).finally(() => {
    run.isOver = true
  })
  async function killOften(): Promise<void> {
    while (!run.isOver) {
      const before = acknowledged.length
      const born = performance.now()
      await waitUntil(() => {
        const answers = acknowledged.length - before
        const isOld = performance.now() - born > longestLife.milliseconds && answers > 0
        return run.isOver || isOld || answers >= longestLife.answers
      }, 'an answer')
      await server.kill()
      await server.start()
    }
  }
  await Promise.all([raising, killOften()])
  return acknowledged
}

/** Nobody who polls misses the last raise. */
async function everybodyIsTold(
  pollers: readonly Poller[],
  acknowledged: readonly Acknowledgement[],
): Promise<void> {
  const last = new Map<string, number>()
  for (const { trigger, sequence } of acknowledged)
    last.set(trigger, Math.max(sequence, last.get(trigger) ?? 0))
  const ends = pollers.map((poller, index) =>
    poller.endAt(last.get(triggers[index % triggers.length] ?? '') ?? 0),
  )
  await Promise.all(ends)
}
