import { join, resolve } from 'node:path'

import { renderAgentUnit, renderHostUnit } from '../../agent/index.ts'
import { AppError } from '../../errors/index.ts'
import { ownCommand, replaceFile, runOrFail, runsSystemd, runSync } from '../../system/index.ts'
import type { CliContext } from '../context.ts'
import { stateDirectory } from './agent-place.ts'

export interface UnitValues {
  readonly state: string | undefined
  readonly user: string | undefined
  readonly print: boolean
}

export interface InstalledUnits {
  /** With its text when it was only to be shown. */
  readonly units: readonly { readonly file: string; readonly text?: string }[]
}

const lastingUnits = '/etc/systemd/system'

/** Writes both units and has systemd run them now and at each start. @throws AppError `driver-unavailable`. */
export async function installAgentUnits(
  { cwd, place }: CliContext,
  { state, user = 'sluice-agent', print }: UnitValues,
): Promise<InstalledUnits> {
  const command = ownCommand()
  const config = place.config === undefined ? [] : ['--config', resolve(cwd, place.config)]
  const units = [
    {
      name: 'sluice-agent.service',
      text: renderAgentUnit({ command, user, state: stateDirectory(cwd, state) }),
    },
    {
      name: 'sluice-host.service',
      text: renderHostUnit({ command: [...command, ...config], user }),
    },
  ].map(({ name, text }) => ({ file: join(lastingUnits, name), name, text }))
  if (print) return { units: units.map(({ file, text }) => ({ file, text })) }
  if (!runsSystemd()) {
    throw new AppError('driver-unavailable', 'systemd is not PID 1 here', {
      hint: 'see them with --print, and run `sluice agent` from whatever starts this machine',
    })
  }
  await makeAccount(user)
  for (const { file, text } of units) replaceFile(file, text, { mode: 0o644 })
  await runOrFail(['systemctl', 'daemon-reload'])
  await runOrFail(['systemctl', 'enable', '--now', '--', ...units.map(({ name }) => name)])
  return { units: units.map(({ file }) => ({ file })) }
}

async function makeAccount(user: string): Promise<void> {
  if (runSync(['getent', 'passwd', '--', user]).status === 0) return
  const words = ['--system', '--no-create-home', '--home-dir', '/nonexistent']
  await runOrFail(['useradd', ...words, '--shell', '/usr/sbin/nologin', '--user-group', '--', user])
}
