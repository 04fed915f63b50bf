import { spawn } from 'node:child_process'
import { once } from 'node:events'

export interface Typing {
  /** The interactive shell, as a line for /bin/sh. */
  readonly shell: string
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  /** Is typed as soon as the shell prints `READY>` for the first time. */
  readonly keys: string
}

/** Types at a shell in a terminal of its own until the shell ends; answers everything that the terminal showed. */
export async function typeAtShell({ shell, env, cwd, keys }: Typing): Promise<string> {
  const child = spawn('script', ['-qec', `exec ${shell}`, '/dev/null'], {
    cwd,
    env,
    timeout: 60_000,
  })
  const shown: string[] = []
  let typed = false
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown.push(text)
    if (typed || !shown.join('').includes('READY>')) return
    typed = true
    child.stdin.write(keys)
  })
  await once(child, 'close')
  return shown.join('')
}
