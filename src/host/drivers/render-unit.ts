import type { ServiceSpec } from './process-driver.ts'
import {
  commandLine,
  escapeName,
  milliseconds,
  pair,
  path,
  pathWithoutGlob,
  plain,
  section,
  unsuitable,
  withoutNul,
  type Setting,
} from './unit-syntax.ts'

/** A systemd unit for a deploy. The environment stands in a file of its own: D-Bus shows a unit to everybody. */
export function renderUnit(spec: ServiceSpec, environmentFile: string): string {
  const output = `append:${path(spec.logFile)}`
  const owner = spec.owner
  return section('Unit', [
    ['Description', plain(`sluice deploy ${spec.label} of ${spec.app}`)],
    ['StartLimitIntervalSec', '0'],
  ]).concat(
    section('Service', [
      ['Type', 'exec'],
      ['WorkingDirectory', path(spec.directory)],
      ['EnvironmentFile', pathWithoutGlob(environmentFile)],
      ...(spec.socket === undefined ? [] : [removeSocket(spec.socket)]),
      ['ExecStart', commandLine(['/bin/sh', '-c', spec.command])],
      ...(owner === undefined ? [] : [pair('User', owner.uid), pair('Group', owner.gid)]),
      ['UMask', spec.socket === undefined ? '0022' : '0007'],
      ['KillMode', 'mixed'],
      ['KillSignal', spec.stopSignal],
      ['TimeoutStopSec', milliseconds(spec.grace)],
      ['Restart', 'on-failure'],
      ['RestartSec', '1s'],
      ['StandardInput', 'null'],
      ['StandardOutput', output],
      ['StandardError', output],
    ]),
  )
}

/** The content of an EnvironmentFile: one quoted assignment per variable. */
export function renderEnvironment(env: Readonly<Record<string, string>>): string {
  return Object.entries(env)
    .map(([name, value]) => `${variableName(name)}="${environmentValue(name, value)}"\n`)
    .join('')
}

/** The name of a deploy's unit; two deploys never have the same one. */
export function unitName(app: string, label: string): string {
  return `sluice-${escapeName(app, /[^\w.]/g)}-${escapeName(label, /[^\w.-]/g)}.service`
}

/** The name, without its ending, of the units that revert a deployment. */
export function revertUnitName(app: string, deployment: string): string {
  return `sluice-revert-${escapeName(app, /[^\w.]/g)}-${escapeName(deployment, /[^\w.-]/g)}`
}

/** Socket files of a killed process stand in the way of bind(2); `-` lets a missing one pass, `+` runs it as root. */
function removeSocket(socket: string): Setting {
  return ['ExecStartPre', `-+${commandLine(['/bin/rm', '-f', '--', socket])}`]
}

function variableName(name: string): string {
  if (/^[A-Za-z_]\w*$/.test(name)) return name
  throw unsuitable(name, 'cannot be the name of an environment variable')
}

/** Inside double quotes of an EnvironmentFile only these four are special; newlines stand for themselves. */
function environmentValue(name: string, value: string): string {
  // oxlint-disable-next-line no-control-regex
  if (/[\u0001-\u0008\u000b-\u001f\u007f]/.test(value)) {
    // systemd drops a variable with such a value and starts the service without it.
    throw unsuitable(name, 'has a value with a control character, which systemd refuses')
  }
  return withoutNul(value).replaceAll(/["\\`$]/g, (character) => `\\${character}`)
}
