import { join } from 'node:path'

import { AppError } from '../../errors/index.ts'
import { ownCommand, replaceFile, runsSystemd, runSync } from '../../system/index.ts'
import { hostUnitName, renderBootUnit } from '../drivers/host-units.ts'
import { openSystemctl } from '../drivers/systemctl.ts'
import type { Host } from '../host.ts'

const lastingUnits = '/etc/systemd/system'

/** Makes systemd run `sluice boot` at every start of the machine. @throws AppError `driver-unavailable` */
export async function installBootUnit({ settings }: Host): Promise<{ readonly unit: string }> {
  if (!runsSystemd()) {
    throw new AppError('driver-unavailable', 'systemd is not PID 1 here', {
      hint: 'run `sluice boot` from whatever starts this machine',
    })
  }
  const name = hostUnitName('boot', settings.runDir)
  const unit = join(lastingUnits, name)
  const [program, ...words] = [...ownCommand(), '--config', settings.file, 'boot']
  const text = renderBootUnit({ root: settings.root, command: [program, ...words] })
  replaceFile(unit, text, { mode: 0o644 })
  const systemctl = openSystemctl()
  await systemctl('daemon-reload')
  await systemctl('enable', '--', name)
  return { unit }
}

/** Whether something of ours starts with the machine. */
export function isBootUnitEnabled({ settings }: Host): boolean {
  const name = hostUnitName('boot', settings.runDir)
  return runSync(['systemctl', 'is-enabled', '--quiet', '--', name]).status === 0
}
