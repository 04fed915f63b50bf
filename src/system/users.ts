import { existsSync, readFileSync } from 'node:fs'

import { AppError } from '../errors/index.ts'
import { runSync } from './run-command.ts'

export interface UserAccount {
  readonly user: string
  readonly uid: number
  readonly gid: number
  readonly home: string
}

/** The name of the account this program runs as. Not os.userInfo: Bun answers "unknown" where $USER is not set. */
export function accountName(): string {
  ownAccount ??= findAccountName()
  return ownAccount
}

let ownAccount: string | undefined

function findAccountName(): string {
  const uid = process.getuid?.() ?? 0
  const name =
    nameInPasswd(readFileSync('/etc/passwd', 'utf8'), uid) ??
    runSync(['getent', 'passwd', '--', String(uid)]).stdout.split(':')[0]
  // A uid without an entry, as in many containers.
  return name || `uid ${uid}`
}

/** The machine's own file comes first in every usual nsswitch.conf, and needs no process. */
function nameInPasswd(text: string, uid: number): string | undefined {
  const accounts = text.split('\n').map((line) => line.split(':'))
  return accounts.find((fields) => fields[2] === String(uid))?.[0]
}

/** An account of this machine, by getent(1) so that directories such as LDAP count. */
export function lookUpUser(name: string): UserAccount {
  const line = runSync(['getent', 'passwd', '--', name]).stdout.split('\n')[0] ?? ''
  const [user = '', , uid = '', gid = '', , home = '/'] = line.split(':')
  if (uid === '') {
    throw new AppError('config-invalid', `there is no account "${name}" on this machine`, {
      hint: `create it (useradd --system ${name}) or change \`user\` in sluice.yaml`,
    })
  }
  return { user, uid: Number(uid), gid: Number(gid), home }
}

/** The number of a group of this machine. @throws AppError `usage`. */
export function lookUpGroup(name: string): number {
  const line = runSync(['getent', 'group', '--', name]).stdout.split('\n')[0] ?? ''
  const gid = line.split(':')[2] ?? ''
  if (gid !== '') return Number(gid)
  throw new AppError('usage', `there is no group "${name}" on this machine`, {
    hint: `create it (groupadd --system ${name}) or name another`,
  })
}

/** Whether systemd is PID 1 here: the test of sd_booted(3). */
export function runsSystemd(): boolean {
  return (
    existsSync('/run/systemd/system') && readFileSync('/proc/1/comm', 'utf8').trim() === 'systemd'
  )
}
