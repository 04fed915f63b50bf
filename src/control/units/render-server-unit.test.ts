import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import { temporaryFolder } from '../../../test/support/temp-folder.ts'
import { run } from '../../system/index.ts'
import { readServerSettings } from '../settings/server-settings.ts'
import { renderServerUnit } from './render-server-unit.ts'

const common = { command: ['/usr/bin/sluice'], user: 'sluice-server', config: undefined }

test('the server is shut in as far as systemd can: its exposure is at most 2.5', async (t) => {
  if (!existsSync('/usr/bin/systemd-analyze')) return t.skip('systemd is not installed')
  const settings = await readServerSettings(undefined)
  const file = join(temporaryFolder(t), 'sluice-server.service')
  writeFileSync(file, renderServerUnit({ ...common, settings }))
  const argv = ['systemd-analyze', 'security', '--offline=true', '--threshold=25', file]
  const result = await run(argv, { timeout: 60_000 })
  const [level] = /Overall exposure level.*/.exec(result.stdout) ?? ['no answer']
  assert.equal(result.status, 0, level + result.stderr)
  t.diagnostic(level)
})

test('it may write where its settings say, and words are what they are', async () => {
  const settings = await readServerSettings(undefined)
  const usual = renderServerUnit({ ...common, settings })
  assert.match(usual, /^StateDirectory=sluice-server$/m)
  assert.ok(!usual.includes('ReadWritePaths'))
  const config = '/etc/50%/$HOME/"x"\\.yaml'
  const moved = renderServerUnit({
    ...common,
    config,
    settings: {
      state: '/srv/sluice',
      database: { sqlite: '/srv/db/sluice.db' },
      releases: { ...settings.releases, directory: '/srv/sluice/releases' },
    },
  })
  assert.deepEqual(moved.match(/ReadWritePaths=.*/g), [
    'ReadWritePaths="/srv/sluice"',
    'ReadWritePaths="/srv/db"',
  ])
  assert.ok(
    moved.includes('"/usr/bin/sluice" "server" "--config" "/etc/50%%/$$HOME/\\"x\\"\\\\.yaml"\n'),
  )
})
