import assert from 'node:assert/strict'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import { openEngine } from '../../../../test/support/engine.ts'
import { startRelease } from '../../deeds/deploy-release.ts'
import { appPaths } from '../../layout.ts'

test('a signed release is on the host with its statement, and is not fetched again for that', async (t) => {
  const engine = await openEngine(t)
  const release = await engine.pack({ version: '1' })
  writeFileSync(`${release}.statement.json`, '{}')
  writeFileSync(`${release}.statement.json.minisig`, 'signed')
  for (const label of ['one', 'two']) {
    const { outcome } = await startRelease(engine.host, { release, label })
    assert.equal(outcome, 'succeeded')
  }
  const { releases } = appPaths(engine.host.layout, 'shop')
  const [digest = '', ...others] = readdirSync(releases)
  assert.deepEqual(others, [])
  assert.deepEqual(
    readdirSync(join(releases, digest)).map((name) => name.slice(name.indexOf('.gz') + 3)),
    ['', '.statement.json', '.statement.json.minisig'],
  )
  const notices = engine.events.filter((event) => event.type === 'notice')
  assert.ok(!notices.some(({ text }) => text.includes('damaged')))
  const fetches = engine.events.filter(
    (event) => event.type === 'step-finished' && event.step === 'fetch',
  )
  assert.equal(fetches.length, 2)
  assert.match(JSON.stringify(fetches[1]), /already on this host/)
})
