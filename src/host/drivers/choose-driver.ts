import { join } from 'node:path'

import { AppError } from '../../errors/index.ts'
import { runsSystemd } from '../../system/index.ts'
import type { KeeperClient } from '../keeper/keeper-client.ts'
import { createCommandDriver, type CommandDriverOptions } from './command-driver.ts'
import type { ProcessDriver } from './process-driver.ts'
import { createSupervisedDriver } from './supervised-driver.ts'
import { createSystemdDriver } from './systemd-driver.ts'
import { openSystemctl, runtimeUnits } from './systemctl.ts'

export interface DriverSettings {
  /** What runs a release's `service`; undefined chooses systemd where it is PID 1 and we may use it. */
  readonly service: 'systemd' | 'supervised' | undefined
  readonly runDir: string
  readonly keeper: KeeperClient
  readonly command: CommandDriverOptions
  /** Where units are written; `/run/systemd/system` unless given. */
  readonly unitDirectory?: string
}

/** The name of the driver for a new deploy: releases with a `service` are run by us, others by their commands. */
export function chooseDriver(
  hasService: boolean,
  { service }: Pick<DriverSettings, 'service'>,
): ProcessDriver['name'] {
  if (!hasService) return 'command'
  if (service !== undefined) return service
  return runsSystemd() && process.getuid?.() === 0 ? 'systemd' : 'supervised'
}

/**
 * The driver of that name, as a deploy's record has it.
 * @throws AppError `driver-unavailable`
 */
export function openDriver(name: string, settings: DriverSettings): ProcessDriver {
  switch (name) {
    case 'command':
      return createCommandDriver(settings.command)
    case 'supervised':
      return createSupervisedDriver(settings.runDir, settings.keeper)
    case 'systemd':
      return openSystemdDriver(settings)
    default:
      throw new AppError('driver-unavailable', `there is no process driver "${name}"`, {
        hint: 'the drivers are command, supervised and systemd',
      })
  }
}

function openSystemdDriver({
  runDir,
  unitDirectory = runtimeUnits,
}: DriverSettings): ProcessDriver {
  if (!runsSystemd()) {
    throw new AppError(
      'driver-unavailable',
      'driver systemd was asked for, but systemd is not PID 1 here',
      {
        hint: 'use `driver: supervised` in sluice.yaml',
      },
    )
  }
  return createSystemdDriver({
    unitDirectory,
    environmentDirectory: join(runDir, 'units'),
    systemctl: openSystemctl(),
  })
}
