import { closeSync, constants, openSync } from 'node:fs'
import { join } from 'node:path'

import { AppError } from '../../errors/index.ts'
import { runAs, scopePrefix, startDetached, withPath } from '../../system/index.ts'
import type { HookAttempt } from './hook-record.ts'
import type { HookRequest } from './hook-runner.ts'
import { groupFor } from './own-processes.ts'
import { openPrivateProgram, privateProgramPath } from './private-program.ts'

/** The variable that marks everything a hook starts. */
export const hookVariable = 'SLUICE_HOOK'

/** Where a release's commands are looked up unless their environment says otherwise. */
export const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

// Arguments: directory, attempt, file to join a control group by (or nothing), then words in front of the command.
// It claims the attempt by a hard link, which fails when somebody was first, and leaves `$?` in a file by rename.
// The trap keeps the runner itself alive through a signal to its group; children get the default action again.
const runner = `
umask 077
directory=$1 place="$1/$2" group=$3
shift 3
[ -z "$group" ] || { echo $$ > "$group"; } 2> /dev/null
trap : HUP INT TERM
read -r boot < /proc/sys/kernel/random/boot_id
read -r stat < "/proc/$$/stat"
echo "$boot $stat" > "$place.$$.claim"
ln "$place.$$.claim" "$place.pid" 2> /dev/null || exit 0
"$@" /bin/sh ${privateProgramPath}
echo $? > "$place.status.next"
mv "$place.status.next" "$place.status"
sync "$place.status" "$directory"
`

/** Starts the runner of one attempt; answers its pid. It outlives us. */
export function startRunner(request: HookRequest, attempt: HookAttempt): number {
  const { directory, name } = request
  const program = openPrivateProgram(directory, { ...request, line: request.command, umask: '022' })
  const output = openOutput(outputPath(request))
  try {
    const group = groupFor(hookVariable, name)?.joinFile ?? ''
    const words = [directory, String(attempt.number), group, ...runAs(request.owner)]
    const child = startDetached(
      [...scopePrefix(name), '/bin/sh', '-c', runner, 'sluice-hook', ...words],
      {
        cwd: '/',
        env: { PATH: defaultPath, [hookVariable]: name },
        stdout: output,
        stderr: output,
        descriptors: [program],
      },
    )
    child.once('error', () => undefined)
    if (child.pid === undefined)
      throw new AppError('command-failed', '/bin/sh could not be started')
    return child.pid
  } finally {
    closeSync(output)
    closeSync(program)
  }
}

/** Where a hook's output goes. */
export function outputPath({ directory, outputFile }: HookRequest): string {
  return outputFile ?? join(directory, 'output')
}

function openOutput(path: string): number {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW
  return withPath(path, () => openSync(path, flags, 0o600))
}
