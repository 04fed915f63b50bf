import { closeSync, constants, lstatSync, openSync, unlinkSync } from 'node:fs'
import { dirname } from 'node:path'

import { AppError } from '../../errors/index.ts'
import { makeDirectory, runAs, startDetached, withPath, type Clock } from '../../system/index.ts'
import type { ServiceSpec } from '../drivers/process-driver.ts'
import { groupFor, ownProcesses, type OwnProcesses } from '../hooks/own-processes.ts'
import { openPrivateProgram, privateProgramPath } from '../hooks/private-program.ts'
import { defaultPath } from '../hooks/start-runner.ts'
import { keeperDirectory } from './keeper-files.ts'
import type { ServiceKey } from './keeper-protocol.ts'

/** The variable that marks every process of a supervised deploy. */
export const serviceVariable = 'SLUICE_DEPLOY'

// Arguments: file to join a control group by (or nothing), then words in front of the command.
const launcher = `
[ -z "$1" ] || { echo $$ > "$1"; } 2> /dev/null
shift
exec "$@" /bin/sh ${privateProgramPath}
`

/** A process that we started ourselves, and whose exit we are therefore told. */
export type ServiceChild = ReturnType<typeof startDetached>

/**
 * Starts a service's process in a session of its own, with its output in the log file, so that it needs nobody to
 * live on. A socket file that a killed process left is removed first: bind(2) would refuse it.
 */
export function launchService(runDir: string, spec: ServiceSpec): ServiceChild {
  if (spec.socket !== undefined) removeStaleSocket(spec.socket)
  const program = openPrivateProgram(keeperDirectory(runDir), {
    ...spec,
    line: spec.command,
    cwd: spec.directory,
    // nginx, in the group of the socket's directory, needs write permission to connect.
    umask: spec.socket === undefined ? '022' : '007',
  })
  const log = openLogFile(spec.logFile)
  try {
    const group = groupFor(serviceVariable, markerValue(runDir, spec))?.joinFile ?? ''
    const child = startDetached(
      ['/bin/sh', '-c', launcher, 'sluice-service', group, ...runAs(spec.owner)],
      {
        cwd: '/',
        env: { PATH: defaultPath, ...serviceProcesses(runDir, spec).marker },
        stdout: log,
        stderr: log,
        descriptors: [program],
      },
    )
    child.once('error', () => undefined)
    if (child.pid === undefined) throw new AppError('start-failed', '/bin/sh could not be started')
    return child
  } finally {
    closeSync(log)
    closeSync(program)
  }
}

/** What has to be known of a service to end it. */
export type EndedService = Pick<ServiceSpec, 'app' | 'label' | 'grace' | 'stopSignal'>

/** All processes of a deploy that a keeper of `runDir` started. */
export function serviceProcesses(runDir: string, key: ServiceKey): OwnProcesses {
  return ownProcesses(serviceVariable, markerValue(runDir, key))
}

/** Ends all processes of a deploy. @throws AppError `stop-failed` when something of it is left even after SIGKILL. */
export async function endService(runDir: string, spec: EndedService, clock: Clock): Promise<void> {
  const { app, label, grace, stopSignal } = spec
  const processes = serviceProcesses(runDir, spec)
  if (await processes.end({ clock, grace, signal: stopSignal })) return
  const pids = processes.pids().join(', ')
  throw new AppError('stop-failed', `${app}/${label} still has processes after SIGKILL: ${pids}`)
}

/** Two hosts' worth of sluice on one machine (a test, a second root) may both have an app of this name. */
function markerValue(runDir: string, { app, label }: ServiceKey): string {
  return `${runDir}/${app}/${label}`
}

function removeStaleSocket(path: string): void {
  withPath(path, () => {
    if (lstatSync(path, { throwIfNoEntry: false })?.isSocket()) unlinkSync(path)
  })
}

function openLogFile(path: string): number {
  makeDirectory(dirname(path))
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW
  return withPath(path, () => openSync(path, flags, 0o640))
}
