import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import { temporaryFolder } from '../../../test/support/temp-folder.ts'
import { run } from '../../system/index.ts'
import { renderAgentUnit, renderHostUnit } from './render-units.ts'

const state = '/var/lib/sluice-agent'
const unit = renderAgentUnit({ command: ['/usr/bin/sluice'], user: 'sluice-agent', state })

test('the agent is shut in as far as systemd can: its exposure is at most 2.5', async (t) => {
  if (!existsSync('/usr/bin/systemd-analyze')) return t.skip('systemd is not installed')
  const file = join(temporaryFolder(t), 'sluice-agent.service')
  writeFileSync(file, unit)
  const argv = ['systemd-analyze', 'security', '--offline=true', '--threshold=25', file]
  const result = await run(argv, { timeout: 60_000 })
  const [level] = /Overall exposure level.*/.exec(result.stdout) ?? ['no answer']
  assert.equal(result.status, 0, level + result.stderr)
  t.diagnostic(level)
})

test('words of a command line are what they are, whatever they hold', () => {
  const command = ['/opt/a b/sluice', '--config', '/etc/50%/$HOME/"x"\\.yaml']
  const text = renderHostUnit({ command, user: 'sluice-agent' })
  const line = '"/opt/a b/sluice" "--config" "/etc/50%%/$$HOME/\\"x\\"\\\\.yaml" "host" "serve"'
  assert.ok(text.includes(`ExecStart=${line} "--group" "sluice-agent"\n`), text)
})

test('a state directory that systemd cannot make is refused', () => {
  const elsewhere = { command: ['sluice'], user: 'x', state: '/srv/agent' }
  assert.throws(() => renderAgentUnit(elsewhere), { code: 'usage' })
})
