import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'

import { childEnvironment, run, type RunResult } from '../../src/system/index.ts'
import { afterwards } from './afterwards.ts'
import { freePort } from './free-port.ts'
import { temporaryFolder } from './temp-folder.ts'
import { builtProgram } from './tools.ts'

/** A folder with a server of the built program, and the commands that talk to it. */
export interface Place {
  readonly port: number
  readonly folder: string
  readonly url: string
  start(...words: readonly string[]): Promise<Started>
  sluice(...words: readonly string[]): Promise<RunResult>
}

export interface Started {
  readonly child: ChildProcess
  readonly lines: readonly string[]
  readonly log: () => string
  readonly milliseconds: number
}

/** A folder with a sluice-server.yaml of these settings and files with these secrets. */
export async function prepareServer(
  t: Pick<TestContext, 'after'>,
  {
    settings = {},
    secrets = {},
  }: {
    readonly settings?: Readonly<Record<string, unknown>>
    readonly secrets?: Readonly<Record<string, string>>
  } = {},
): Promise<Place> {
  const folder = temporaryFolder(t)
  const port = await freePort()
  for (const [name, text] of Object.entries(secrets))
    writeFileSync(join(folder, name), `${text}\n`, { mode: 0o600 })
  const written = { state: 'state', listen: { port }, ...settings }
  writeFileSync(join(folder, 'sluice-server.yaml'), JSON.stringify(written))
  const program = builtProgram('sluice')
  const url = `https://127.0.0.1:${port}`
  const env = childEnvironment({
    SLUICE_SERVER: url,
    SLUICE_SERVER_IDENTITY: 'state/identity.pub',
    SLUICE_TOKEN_FILE: 'admin.token',
  })
  return {
    folder,
    port,
    url,
    sluice: (...words) => run([program, ...words], { cwd: folder, env, timeout: 30_000 }),
    start: async (...words) => {
      const begun = performance.now()
      const child = spawn(program, ['server', ...words], {
        cwd: folder,
        env,
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      afterwards(t, () => void child.kill('SIGKILL'))
      let log = ''
      child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()))
      const lines: string[] = []
      const wanted = words.includes('--admin-token-file') ? 2 : 1
      for await (const line of createInterface({ input: child.stdout })) {
        lines.push(line)
        if (lines.length === wanted) break
      }
      return { child, lines, log: () => log, milliseconds: performance.now() - begun }
    },
  }
}

/** Words of the first start, which makes the token that every command uses. */
export const firstStart = ['--admin-token-file', 'admin.token']

/** Ends a server and answers its exit code. */
export async function ended({ child }: Started, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill(signal)
    await once(child, 'exit')
  }
  return child.exitCode
}

/** Runs a command that must succeed, and reads what it prints as JSON. */
export async function ask(
  place: Place,
  ...words: readonly string[]
): Promise<Record<string, unknown>> {
  const result = await place.sluice(...words, '--json')
  assert.equal(result.status, 0, result.stdout + result.stderr)
  return JSON.parse(result.stdout) as Record<string, unknown>
}
