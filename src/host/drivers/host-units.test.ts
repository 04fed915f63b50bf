import assert from 'node:assert/strict'
import test from 'node:test'

import { hostUnitName, renderBootUnit } from './host-units.ts'
import { unitName } from './render-unit.ts'

test('units of a host are named plainly, and apart from those of another root and of any deploy', () => {
  assert.equal(hostUnitName('proxy', '/run/sluice'), 'sluice-proxy.service')
  const other = hostUnitName('proxy', '/srv/a b/run')
  assert.equal(other, String.raw`sluice-proxy:\x2fsrv\x2fa\x20b\x2frun.service`)
  for (const label of ['1', '', ':1']) assert.notEqual(unitName('proxy', label), other)
})

test('the boot unit runs the very command, whatever its path holds', () => {
  const command = ['/opt/bin/sluice', '--config', '/etc/a b/$x%y".yaml', 'boot'] as const
  const text = renderBootUnit({ root: '/opt/sluice', command })
  assert.match(
    text,
    /^ExecStart=\/opt\/bin\/sluice "--config" "\/etc\/a b\/\$\$x%%y\\"\.yaml" "boot"$/m,
  )
  assert.match(text, /^RequiresMountsFor=\/opt\/sluice$/m)
  assert.match(text, /\[Install\]\nWantedBy=multi-user\.target\n/)
})

test('a program whose path systemd could not be told is refused', () => {
  assert.throws(() => renderBootUnit({ root: '/opt/sluice', command: ['/opt/a b/sluice'] }), {
    code: 'config-invalid',
  })
})
