import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, connect, type AddressInfo, type Socket } from 'node:net'
import test, { after, type TestContext } from 'node:test'

import { sql } from 'kysely'

import { addAgents } from '../../../../test/conformance/agents-conformance.ts'
import { raise, storageConformance } from '../../../../test/conformance/storage-conformance.ts'
import { afterwards } from '../../../../test/support/afterwards.ts'
import { open, openOver } from '../../../../test/support/database-under-test.ts'
import { startPostgres, type PrivatePostgres } from '../../../../test/support/private-postgres.ts'
import { toolOrSkip } from '../../../../test/support/tools.ts'
import { waitUntil } from '../../../../test/support/wait-until.ts'
import { Secret, systemClock } from '../../../system/index.ts'
import type { Storage } from '../storage.ts'
import { openStorage } from '../open-storage.ts'
import { openRevisions } from '../../agents/revisions.ts'
import { parseNotice } from './listen.ts'
import { openPostgresDatabase } from './open-postgres.ts'

const how = { by: 'me', source: 'test', create: true }

/** One server for the whole file, and what ends it; each test has a database of its own. */
let started: Promise<PrivatePostgres> | undefined
const endings: (() => unknown)[] = []
const wholeFile = { after: (work: () => unknown): void => void endings.push(work) }

after(async () => {
  for (const ending of endings) await ending()
})

async function postgresOrSkip(t: TestContext): Promise<PrivatePostgres | undefined> {
  const program = await toolOrSkip(t, 'postgres')
  return program === undefined ? undefined : await (started ??= startPostgres(wholeFile, program))
}

function underTest(postgres: PrivatePostgres, url: Secret) {
  const ask = (text: string): Promise<Record<string, unknown>[]> => postgres.ask(url, text)
  return { location: { kind: 'postgres' as const, url }, place: url.reveal(), ask }
}

async function prepare(t: TestContext) {
  const postgres = await postgresOrSkip(t)
  return postgres && underTest(postgres, await postgres.createDatabase())
}

storageConformance('PostgreSQL', prepare)

function story(
  name: string,
  run: (
    t: TestContext,
    under: ReturnType<typeof underTest>,
    postgres: PrivatePostgres,
  ) => Promise<void>,
): void {
  test(`PostgreSQL: ${name}`, async (t) => {
    const postgres = await postgresOrSkip(t)
    if (postgres === undefined) return
    await run(t, underTest(postgres, await postgres.createDatabase()), postgres)
  })
}

story('servers that start at once make one database', async (t, under) => {
  const all = await Promise.all(Array.from({ length: 4 }, () => open(t, under)))
  assert.equal(new Set(all.map(({ epoch }) => epoch)).size, 1)
})

story('two servers count together, and each wakes for the other', async (t, under) => {
  const [one, two] = [openOver(t, await open(t, under)), openOver(t, await open(t, under))]
  const waiting = Array.from({ length: 50 }, (_, index) =>
    (index % 2 === 0 ? one : two).waitBeyond('a', 99, { timeout: 30_000 }),
  )
  const writers = Array.from({ length: 10 }, async (_, writer) => {
    const own: number[] = []
    for (let round = 0; round < 10; round++)
      own.push((await (writer % 2 === 0 ? one : two).raise('a', how)).sequence)
    return own
  })
  const all = (await Promise.all(writers)).flat().toSorted((left, right) => left - right)
  assert.deepEqual(
    all,
    Array.from({ length: 100 }, (_, index) => index + 1),
  )
  assert.deepEqual(new Set(await Promise.all(waiting)), new Set([100]))
  assert.deepEqual([await one.read('a'), await two.read('a')], [100, 100])
})

story('another server’s raise is told before the next poll', async (t, under) => {
  const [here, there] = [await open(t, under), openOver(t, await open(t, under))]
  const hinted: unknown[] = []
  here.onChanged('triggers', (names) => hinted.push(names))
  await waitUntil(() => hinted.length > 0, 'the first look')
  const waiting = openOver(t, here, { pollEvery: 600_000 }).waitBeyond('a', 0, { timeout: 30_000 })
  await there.raise('a', how)
  assert.equal(await waiting, 1)
  await waitUntil(() => hinted.some((names) => Array.isArray(names) && names[0] === 'a'))
})

story('another server’s raise is seen without notifications too', async (t, under) => {
  const deaf: Storage = { ...(await open(t, under)), onChanged: () => () => undefined }
  const waiting = openOver(t, deaf, { pollEvery: 50 }).waitBeyond('a', 0, { timeout: 30_000 })
  await openOver(t, await open(t, under)).raise('a', how)
  assert.equal(await waiting, 1)
})

story(
  'another server wakes the polls of its agents, by a hint and without one',
  async (t, under) => {
    const [heard, there] = [await open(t, under), await open(t, under)]
    const deaf: Storage = { ...(await open(t, under)), onChanged: () => () => undefined }
    await addAgents(there, ['a', 'b'])
    let hints = 0
    heard.onChanged('agents', () => (hints += 1))
    await waitUntil(() => hints > 0, 'the first look')
    const clock = systemClock
    const byHint = openRevisions({ storage: heard, clock, pollEvery: 600_000 })
    const byLooking = openRevisions({ storage: deaf, clock, pollEvery: 50 })
    afterwards(t, () => Promise.all([byHint.close(), byLooking.close()]))
    for (const [agent, change] of [
      ['a', () => there.agents.bumpRevisions(['a'])],
      ['b', () => there.agents.remove('b')],
    ] as const) {
      const begun = performance.now()
      const waits = [byHint, byLooking].map((each) =>
        each.waitBeyond(agent, 1, { timeout: 20_000 }),
      )
      await change()
      await Promise.all(waits)
      assert.ok(performance.now() - begun < 15_000)
    }
  },
)

story('a read sees at once what another server has raised', async (t, under) => {
  const deaf: Storage = { ...(await open(t, under)), onChanged: () => () => undefined }
  const here = openOver(t, deaf, { pollEvery: 600_000 })
  const there = openOver(t, await open(t, under))
  for (const triggers of [here, there, here, there]) {
    const { sequence } = await triggers.raise('a', how)
    assert.deepEqual([await here.read('a'), await there.read('a')], [sequence, sequence])
  }
})

for (const [what, way] of [
  ['cut at a COMMIT that arrived', 'after'],
  ['cut at a COMMIT that was lost', 'before'],
  ['silent from a COMMIT on', 'never'],
] as const) {
  story(`a connection that is ${what} leaves one raise`, async (t, under, postgres) => {
    const proxy = await cutAtCommit(t, postgres.port, way)
    const address = under.place.replace(`:${postgres.port}/`, `:${proxy.port}/`)
    const url = new Secret(`${address}?query_timeout=500`)
    const storage = await open(t, { ...under, location: { kind: 'postgres', url } })
    await storage.triggers.define({ name: 'a', at: 1 })
    for (let round = 1; round <= 3; round++) {
      proxy.arm()
      assert.deepEqual(
        await storage.triggers.raise([raise('a'), raise('a', { key: `${round}` })]),
        [
          { kind: 'raised', sequence: 2 * round - 1 },
          { kind: 'raised', sequence: 2 * round },
        ],
      )
      assert.equal(proxy.cuts(), round)
    }
    const events = await under.ask('select sequence from trigger_events order by sequence')
    assert.deepEqual(
      events.map((event) => Number(event['sequence'])),
      [1, 2, 3, 4, 5, 6],
    )
  })
}

story('a statement that hangs is ended by the database', async (t, under) => {
  const { url } = under.location
  const database = openPostgresDatabase(url, {
    clock: systemClock,
    random: Math.random,
    newEpoch: '',
  })
  afterwards(t, () => database.query.destroy())
  const limits = await database.transaction(async (transaction) => {
    const { rows } = await sql`select current_setting('statement_timeout') as statement,
      current_setting('idle_in_transaction_session_timeout') as idle`.execute(transaction)
    return rows
  })
  assert.deepEqual(limits, [{ statement: '10s', idle: '12s' }])
  const attempts: number[] = []
  const hanging = database.transaction(async (transaction, attempt) => {
    attempts.push(attempt)
    await sql`set local statement_timeout = 50`.execute(transaction)
    await sql`select pg_sleep(60)`.execute(transaction)
  })
  await assert.rejects(hanging, { code: 'database-unavailable', retryable: true, message: /57014/ })
  assert.deepEqual(attempts, [1])
})

story('a deadlock repeats the whole transaction', async (t, under) => {
  await (await open(t, under)).triggers.raise([raise('a'), raise('b')])
  const {
    location: { url },
  } = under
  const database = openPostgresDatabase(url, {
    clock: systemClock,
    random: Math.random,
    newEpoch: '',
  })
  afterwards(t, () => database.query.destroy())
  const attempts: number[] = []
  let met: (() => void) | undefined
  const both = new Promise<void>((resolve) => (met = resolve))
  let arrived = 0
  const lockInOrder = (first: string, second: string): Promise<void> =>
    database.transaction(async (transaction, attempt) => {
      attempts.push(attempt)
      const raiseOne = (name: string) =>
        transaction
          .updateTable('triggers')
          .set((row) => ({ sequence: row('sequence', '+', 1) }))
          .where('name', '=', name)
          .execute()
      await raiseOne(first)
      arrived += 1
      if (arrived === 2) met?.()
      if (attempt === 1) await both
      await raiseOne(second)
    })
  await Promise.all([lockInOrder('a', 'b'), lockInOrder('b', 'a')])
  assert.deepEqual(
    attempts.toSorted((left, right) => left - right),
    [1, 1, 2],
  )
  assert.deepEqual(await under.ask('select name, sequence::int from triggers order by name'), [
    { name: 'a', sequence: 3 },
    { name: 'b', sequence: 3 },
  ])
})

test('PostgreSQL: a database that is killed and comes back under load loses and doubles nothing', async (t) => {
  const program = await toolOrSkip(t, 'postgres')
  if (program === undefined) return
  // Its recovery flushes every file of every database, so it has a server of its own with few.
  const postgres = await startPostgres(t, program)
  const under = underTest(postgres, await postgres.createDatabase())
  const triggers = openOver(t, await open(t, under), { pollEvery: 100 })
  const acknowledged = new Map<string, number>()
  let isOver = false
  const writers = Array.from({ length: 8 }, async (_, writer) => {
    for (let number = 0; !isOver; number++) {
      const key = `${writer}-${number}`
      await waitUntil(async () => {
        const raised = await triggers.raise('a', { ...how, key }).catch((thrown: unknown) => {
          assert.ok(
            thrown instanceof Error && 'retryable' in thrown && thrown.retryable,
            String(thrown),
          )
          return undefined
        })
        if (raised !== undefined) acknowledged.set(key, raised.sequence)
        return raised !== undefined
      })
    }
  })
  try {
    for (let round = 0; round < 2; round++) {
      const before = acknowledged.size
      await waitUntil(() => acknowledged.size > before + 20, 'raises')
      await postgres.kill()
      await postgres.start()
    }
  } finally {
    isOver = true
    await Promise.all(writers)
  }
  const rows = await under.ask('select idempotency_key as key, sequence::int from trigger_events')
  const recorded = new Map(rows.map(({ key, sequence }) => [key, sequence]))
  assert.equal(recorded.size, rows.length)
  assert.deepEqual(recorded, acknowledged)
  assert.equal(await triggers.read('a'), acknowledged.size)
})

test('an address where nobody listens is told as such, without its password', async () => {
  const url = new Secret('postgres://sluice:hunter2@127.0.0.1:9/none')
  await assert.rejects(openStorage({ kind: 'postgres', url }), (thrown) => {
    assert.ok(thrown instanceof Error && 'code' in thrown && 'retryable' in thrown)
    assert.deepEqual([thrown.code, thrown.retryable], ['database-unavailable', true])
    assert.doesNotMatch(JSON.stringify(thrown) + String(thrown.stack), /hunter2/)
    return true
  })
})

test('a notification names triggers, or else means any', () => {
  assert.deepEqual(parseNotice('["a","b"]'), ['a', 'b'])
  for (const text of ['', '{}', '[1]', 'x', undefined]) assert.equal(parseNotice(text), undefined)
})

interface CommitCutter {
  readonly port: number
  /** The next COMMIT loses its connection. */
  arm(): void
  cuts(): number
}

/** A relay in front of PostgreSQL that cuts at a COMMIT: before its answer is passed on, before it is passed on itself, or not at all, so that both sides wait. */
async function cutAtCommit(
  t: TestContext,
  port: number,
  way: 'after' | 'before' | 'never',
): Promise<CommitCutter> {
  let [isArmed, cuts] = [false, 0]
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1')
    let isCut = false
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => [client, upstream].forEach((either) => either.destroy()))
    }
    client.on('data', (bytes) => {
      if (isArmed && bytes.includes('commit\0')) {
        isArmed = false
        isCut = true
        cuts += 1
        if (way === 'before') client.destroy()
      }
      if (!isCut || way === 'after') upstream.write(bytes)
    })
    // By the time of the answer the database has committed.
    upstream.on('data', (bytes) => void (isCut ? client.destroy() : client.write(bytes)))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  afterwards(t, () => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const arm = (): void => void (isArmed = true)
  return { port: (server.address() as AddressInfo).port, arm, cuts: () => cuts }
}
