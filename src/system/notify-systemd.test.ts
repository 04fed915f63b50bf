import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import { temporaryFolder } from '../../test/support/temp-folder.ts'
import { waitUntil } from '../../test/support/wait-until.ts'
import { systemClock } from './clock.ts'
import { openSystemd } from './notify-systemd.ts'

test('systemd hears that we are ready, of every turn of the event loop, and that we end', async (t) => {
  const folder = temporaryFolder(t)
  const heard = join(folder, 'heard')
  const script = `#!/bin/sh\necho "$NOTIFY_SOCKET $*" >> ${heard}\n`
  writeFileSync(join(folder, 'systemd-notify'), script, { mode: 0o755 })
  const environment = { PATH: folder, NOTIFY_SOCKET: '/run/n', WATCHDOG_USEC: '30000' }
  const systemd = openSystemd({ environment, clock: systemClock })
  await systemd.ready()
  const lines = (): string[] => readFileSync(heard, 'utf8').trimEnd().split('\n')
  assert.equal(lines()[0], '/run/n --ready')
  await waitUntil(() => lines().filter((line) => line === '/run/n WATCHDOG=1').length > 1)
  systemd.close()
  await systemd.stopping()
  assert.ok(lines().includes('/run/n STOPPING=1'))
})

test('without systemd nothing is started', async (t) => {
  const folder = temporaryFolder(t)
  const heard = join(folder, 'heard')
  writeFileSync(join(folder, 'systemd-notify'), `#!/bin/sh\n: > ${heard}\n`, { mode: 0o755 })
  const systemd = openSystemd({ environment: { PATH: folder }, clock: systemClock })
  await systemd.ready()
  await systemd.stopping()
  systemd.close()
  assert.equal(existsSync(heard), false)
})
