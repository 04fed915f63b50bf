import { readFileSync } from 'node:fs'

import { AppError } from '../errors/index.ts'
import { runSync } from './run-command.ts'

/**
 * The words in front of a command that make it run as `owner` with that account's supplementary groups; none when
 * that is who we are. The program is setpriv(1) of util-linux, which becomes the command, so the pid stays.
 * @throws AppError `driver-unavailable` when we are neither root nor that user.
 */
export function runAs(owner: { readonly uid: number; readonly gid: number } | undefined): string[] {
  const ours = process.getuid?.() ?? 0
  if (owner === undefined || (owner.uid === ours && owner.gid === process.getgid?.())) return []
  if (ours !== 0) {
    throw new AppError(
      'driver-unavailable',
      `only root can run a command as user ${owner.uid}, and we are user ${ours}`,
      { hint: 'run sluice as root, or take `user` out of sluice.yaml' },
    )
  }
  const groups = hasAccount(owner.uid) ? '--init-groups' : '--clear-groups'
  return ['setpriv', `--reuid=${owner.uid}`, `--regid=${owner.gid}`, groups, '--']
}

/** Whether we may look into processes of other accounts; root in a container often may not. */
export function mayInspectOthers(): boolean {
  const status = readFileSync('/proc/self/status', 'utf8')
  const capabilities = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'
  // Bit 19 is CAP_SYS_PTRACE, see linux/capability.h.
  return (BigInt(`0x${capabilities}`) >> 19n) % 2n === 1n
}

function hasAccount(uid: number): boolean {
  return runSync(['getent', 'passwd', '--', String(uid)]).status === 0
}
