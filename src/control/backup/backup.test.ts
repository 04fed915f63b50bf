import assert from 'node:assert/strict'
import { readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { afterwards } from '../../../test/support/afterwards.ts'
import { serverUnderTest } from '../../../test/support/control-server.ts'
import { publishSample } from '../../../test/support/publish-sample.ts'
import { systemClock } from '../../system/index.ts'
import { startServer } from '../server/start-server.ts'
import { readServerSettings } from '../settings/server-settings.ts'
import { openStorage } from '../storage/open-storage.ts'
import { beginNewEpoch, restoreBackup } from './restore-backup.ts'
import { takeBackup } from './take-backup.ts'

/** A server with one raise and one release, backed up while it ran, and with one raise more. */
async function scene(t: TestContext) {
  const under = await serverUnderTest(t)
  const { ask, token, server, admin, folder } = under
  const settings = await readServerSettings(join(folder, 'sluice-server.json'))
  const ci = await token('trigger:shop')
  await ask(ci, 'POST', '/v1/triggers/shop')
  const digest = await publishSample(server.url, admin, { folder, name: 'shop' })
  const file = join(folder, 'backup')
  const head = await takeBackup(settings, file, systemClock)
  await ask(ci, 'POST', '/v1/triggers/shop')
  return { ...under, settings, file, head, digest }
}

async function sequenceOf(path: string): Promise<number | undefined> {
  const storage = await openStorage({ kind: 'sqlite', path })
  const counters = await storage.triggers.read(['shop'])
  await storage.close()
  return counters.get('shop')
}

test('a backup taken while the server runs is put back as of its moment, in another life', async (t) => {
  const { settings, file, head, server, digest } = await scene(t)
  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.equal(head.epoch, server.epoch)
  await assert.rejects(restoreBackup(settings, file, systemClock), { code: 'locked' })
  await server.close()
  rmSync(join(settings.releases.directory, digest))
  const restored = await restoreBackup(settings, file, systemClock)
  assert.notEqual(restored.epoch, server.epoch)
  assert.deepEqual(restored.missing, ['shop@1.0.0'])
  assert.equal(await sequenceOf(restored.kept ?? ''), 2)
  const again = await startServer({ settings, write: () => undefined, environment: {} })
  afterwards(t, () => again.close())
  assert.equal(again.epoch, restored.epoch)
  assert.equal(again.identity.keyHash, server.identity.keyHash)
  await again.close()
  assert.equal(await sequenceOf(join(settings.state, 'sluice.db')), 1)
  const left = readdirSync(settings.state).filter((name) => name.includes('restoring'))
  assert.deepEqual(left, [])
})

test('a backup that was cut or changed anywhere is refused, and nothing is touched', async (t) => {
  const { settings, file, server, folder } = await scene(t)
  await server.close()
  const whole = readFileSync(file)
  const bad = join(folder, 'bad')
  const places = [0, 20, 60, 4096, Math.floor(whole.length / 2), whole.length - 30]
  for (const place of places) {
    const bytes = Buffer.from(whole)
    bytes[place] = (bytes[place] ?? 0) ^ 1
    writeFileSync(bad, bytes)
    await assert.rejects(restoreBackup(settings, bad, systemClock), { code: 'backup-invalid' })
  }
  for (const length of [0, 10, 200, whole.length - 1]) {
    writeFileSync(bad, whole)
    truncateSync(bad, length)
    await assert.rejects(restoreBackup(settings, bad, systemClock), { code: 'backup-invalid' })
  }
  assert.equal(await sequenceOf(join(settings.state, 'sluice.db')), 2)
  assert.deepEqual(
    readdirSync(settings.state).filter((name) => /before|restoring/.test(name)),
    [],
  )
})

test('a database that is damaged does not stand in the way of its backup', async (t) => {
  const { settings, file, server } = await scene(t)
  await server.close()
  const path = join(settings.state, 'sluice.db')
  writeFileSync(path, 'no database')
  writeFileSync(`${path}-wal`, 'no log')
  const { kept = '' } = await restoreBackup(settings, file, systemClock)
  assert.equal(readFileSync(kept, 'utf8'), 'no database')
  assert.equal(await sequenceOf(path), 1)
})

test('a backup is never written over another one, and leaves nothing when it fails', async (t) => {
  const { settings, file, folder } = await scene(t)
  const before = readFileSync(file)
  await assert.rejects(takeBackup(settings, file, systemClock), { code: 'usage' })
  assert.ok(readFileSync(file).equals(before))
  const nowhere = { ...settings, database: { sqlite: join(folder, 'none.db') } }
  await assert.rejects(takeBackup(nowhere, join(folder, 'b'), systemClock), { code: 'not-found' })
  const postgres = { ...settings, database: { postgresUrlFile: join(folder, 'url') } }
  writeFileSync(join(folder, 'url'), 'postgres://u:p@127.0.0.1/db\n', { mode: 0o600 })
  await assert.rejects(takeBackup(postgres, join(folder, 'b'), systemClock), {
    code: 'unsupported',
    hint: /pg_dump/,
  })
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('.sluice-backup')),
    [],
  )
})

test('a database that was put back by other means begins another life when told to', async (t) => {
  const { settings, server } = await scene(t)
  await assert.rejects(beginNewEpoch(settings, systemClock), { code: 'locked' })
  await server.close()
  const epoch = await beginNewEpoch(settings, systemClock)
  assert.notEqual(epoch, server.epoch)
  const again = await startServer({ settings, write: () => undefined, environment: {} })
  afterwards(t, () => again.close())
  assert.equal(again.epoch, epoch)
})
