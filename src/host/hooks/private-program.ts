import { chownSync, closeSync, constants, openSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'

import { AppError } from '../../errors/index.ts'
import { withPath, writeWhole } from '../../system/index.ts'

/** What a process of a release becomes, and what it may see. */
export interface PrivateProgram {
  /** A line for /bin/sh. */
  readonly line: string
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly umask: '022' | '007'
  readonly owner: { readonly uid: number; readonly gid: number } | undefined
}

/** Where a child finds the program that `openPrivateProgram` opened, when it is passed as its first extra descriptor. */
export const privateProgramPath = '/dev/fd/3'

/**
 * A descriptor of an unlinked file with a short sh program: it sets the environment, enters the directory and
 * becomes the line. Values thus never stand in an argv, and the steps before the change of user never run with an
 * environment that the release chose (LD_PRELOAD). The caller closes it.
 */
export function openPrivateProgram(directory: string, program: PrivateProgram): number {
  const path = join(directory, `.program.${process.pid}.${nextSerial()}`)
  return withPath(path, () => {
    const writer = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)
    try {
      writeWhole(writer, programText(program))
      if (program.owner !== undefined && process.getuid?.() === 0) {
        chownSync(path, program.owner.uid, program.owner.gid)
      }
      return openSync(path, constants.O_RDONLY)
    } finally {
      closeSync(writer)
      unlinkSync(path)
    }
  })
}

function programText({ line, cwd, env, umask }: PrivateProgram): string {
  const settings = Object.entries(env).map(([name, value]) => {
    if (/^[A-Za-z_]\w*$/.test(name)) return `export ${name}=${quote(value)}`
    throw new AppError('config-invalid', `"${name}" cannot be the name of an environment variable`)
  })
  return [
    'exec 3<&-',
    `umask ${umask}`,
    `cd -- ${quote(cwd)} || exit 1`,
    ...settings,
    `exec /bin/sh -c ${quote(line)}`,
    '',
  ].join('\n')
}

/** One word of sh: nothing inside single quotes is special but their end. */
function quote(text: string): string {
  if (text.includes('\0')) {
    throw new AppError('config-invalid', 'a command or environment value holds a NUL character')
  }
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}

let serial = 0

function nextSerial(): number {
  serial += 1
  return serial
}
