import { commandLine, escapeName, path, plain, section } from './unit-syntax.ts'

// Units that a host has besides those of its deploys.

/** One per run directory; no deploy's unit can have such a name, because there a label follows the second dash. */
export function hostUnitName(part: 'boot' | 'proxy', runDir: string): string {
  if (runDir === '/run/sluice') return `sluice-${part}.service`
  return `sluice-${part}:${escapeName(runDir, /[^\w.-]/g)}.service`
}

export interface BootUnitOptions {
  readonly root: string
  /** The program and its arguments, such as `sluice --config FILE boot`. */
  readonly command: readonly [program: string, ...string[]]
}

/** A unit that brings back what was bound, for the start of the machine. What it starts are units of their own. */
export function renderBootUnit({ root, command }: BootUnitOptions): string {
  return section('Unit', [
    ['Description', plain(`sluice: bring back what ran below ${root}`)],
    ['Wants', 'network-online.target'],
    // Of these a host may have none; then the order means nothing.
    ['After', 'network-online.target nss-lookup.target nginx.service docker.service'],
    ['RequiresMountsFor', path(root)],
  ]).concat(
    section('Service', [
      ['Type', 'oneshot'],
      ['RemainAfterExit', 'yes'],
      ['ExecStart', commandLine(command)],
    ]),
    section('Install', [['WantedBy', 'multi-user.target']]),
  )
}
