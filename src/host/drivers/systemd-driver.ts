import { join } from 'node:path'

import { AppError, toAppError } from '../../errors/index.ts'
import { makeDirectory, pidsInGroup, removeFile, replaceFile } from '../../system/index.ts'
import { readTail } from '../keeper/cap-log.ts'
import type { ProcessDriver, ServiceSpec, ServiceState } from './process-driver.ts'
import { renderEnvironment, renderUnit, unitName } from './render-unit.ts'
import { parseProperties, type Systemctl } from './systemctl.ts'

export interface SystemdDriverOptions {
  /** `/run/systemd/system` (gone after a reboot, made again by `sluice boot`) or `/etc/systemd/system`. */
  readonly unitDirectory: string
  /** Holds the services' environments, each 0600. */
  readonly environmentDirectory: string
  readonly systemctl: Systemctl
}

/** Runs deploys as systemd units, made from the spec at every start and removed at the stop. */
export function createSystemdDriver(options: SystemdDriverOptions): ProcessDriver {
  return {
    name: 'systemd',
    start: (spec) => startUnit(spec, options),
    stop: (spec) => stopUnit(spec, options),
    observe: async (spec) => readState(await showUnit(spec, options)),
    ownPids: async (spec) => {
      const group = (await showUnit(spec, options))['ControlGroup'] ?? ''
      return group === '' ? [] : pidsInGroup(group)
    },
  }
}

/** What systemd's words mean; `activating` with `auto-restart` is its wait before the next try. */
export function readState(shown: Readonly<Record<string, string>>): ServiceState {
  const restarts = Number(shown['NRestarts'] ?? 0)
  const pid = Number(shown['MainPID'] ?? 0)
  const lastEnd = `ended: ${shown['Result'] ?? 'unknown'}, status ${shown['ExecMainStatus'] ?? '?'}`
  switch (shown['ActiveState'] ?? 'inactive') {
    case 'active':
    case 'reloading':
    case 'deactivating':
      return { state: 'running', pid: pid === 0 ? undefined : pid, restarts }
    case 'activating':
      if (shown['SubState'] === 'auto-restart') return { state: 'failing', restarts, lastEnd }
      return { state: 'running', pid: pid === 0 ? undefined : pid, restarts }
    case 'failed':
      return { state: 'failing', restarts, lastEnd }
    default:
      return { state: 'stopped' }
  }
}

async function startUnit(spec: ServiceSpec, options: SystemdDriverOptions): Promise<void> {
  const { systemctl } = options
  if (readState(await showUnit(spec, options)).state === 'running') return
  const unit = unitName(spec.app, spec.label)
  makeDirectory(options.environmentDirectory, 0o700)
  replaceFile(environmentPath(spec, options), renderEnvironment(spec.env))
  replaceFile(unitPath(spec, options), renderUnit(spec, environmentPath(spec, options)), {
    mode: 0o644,
  })
  await systemctl('daemon-reload')
  try {
    await systemctl('start', '--', unit)
  } catch (error) {
    throw new AppError(
      'start-failed',
      `systemd could not start ${unit}: ${toAppError(error).message}`,
      {
        cause: error,
        output: readTail(spec.logFile, 4096) || (toAppError(error).output ?? ''),
        hint: `look at \`systemctl status ${unit}\``,
      },
    )
  }
}

async function stopUnit(spec: ServiceSpec, options: SystemdDriverOptions): Promise<void> {
  const { systemctl } = options
  const unit = unitName(spec.app, spec.label)
  if ((await showUnit(spec, options))['LoadState'] === 'loaded') {
    // A unit that crashed stays `failed` and would otherwise be remembered for ever.
    await systemctl('stop', '--', unit)
    await systemctl('reset-failed', '--', unit).catch(() => undefined)
  }
  const { state } = readState(await showUnit(spec, options))
  if (state === 'running') {
    throw new AppError('stop-failed', `${unit} still runs after \`systemctl stop\``)
  }
  removeFile(unitPath(spec, options))
  removeFile(environmentPath(spec, options))
  await systemctl('daemon-reload')
}

async function showUnit(
  spec: ServiceSpec,
  { systemctl }: SystemdDriverOptions,
): Promise<Readonly<Record<string, string>>> {
  const properties =
    'LoadState,ActiveState,SubState,MainPID,NRestarts,Result,ExecMainStatus,ControlGroup'
  return parseProperties(
    await systemctl('show', `--property=${properties}`, '--', unitName(spec.app, spec.label)),
  )
}

function unitPath(spec: ServiceSpec, { unitDirectory }: SystemdDriverOptions): string {
  return join(unitDirectory, unitName(spec.app, spec.label))
}

function environmentPath(
  spec: ServiceSpec,
  { environmentDirectory }: SystemdDriverOptions,
): string {
  // Not the unit's name: systemd takes a backslash in this path for the escape of a wildcard.
  const name = [spec.app, spec.label].map(encodeURIComponent).join('+')
  return join(environmentDirectory, `${name}.env`)
}
