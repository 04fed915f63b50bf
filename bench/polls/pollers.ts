import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { inProject } from '../../scripts/project.ts'
import { childEnvironment } from '../../src/system/index.ts'
import { makeTokens, type BuiltServer } from '../../test/support/built-server.ts'
import { temporaryFolder } from '../../test/support/temp-folder.ts'
import type { Scope } from '../scope.ts'

export type ToPollers =
  | { readonly type: 'report'; readonly times: boolean }
  /** Counts from nothing again. */
  | { readonly type: 'forget' }

export interface PollReport {
  /** Polls that were sent and not answered. */
  readonly held: number
  /** Answers with news. */
  readonly woken: number
  /** When those came, in milliseconds of the kernel's monotonic clock. */
  readonly wokenAt: readonly number[]
  readonly answers: number
  /** Connections that ended. */
  readonly cuts: number
  /** Statuses of answers that were none, and how many. */
  readonly refused: readonly (readonly [status: string, count: number])[]
}

/** Hosts that poll, in a process of their own. */
export interface Pollers {
  report(): Promise<PollReport>
  /** With the time of each answer that had news. */
  reportTimes(): Promise<PollReport>
  forget(): Promise<void>
}

/** One token holds 100 polls; some more than that of each, so that one that is cut off can come back at once. */
const pollsOfToken = 80

export async function startPollers(
  scope: Scope,
  server: BuiltServer,
  count: number,
): Promise<Pollers> {
  const tokens = await makeTokens(server, 'viewer', Math.ceil(count / pollsOfToken))
  const tokenFile = join(temporaryFolder(scope), 'tokens')
  writeFileSync(tokenFile, tokens.join('\n'), { mode: 0o600 })
  const caFile = join(server.folder, 'state/tls.pem')
  const words = [`${server.port}`, caFile, tokenFile, `${count}`]
  const program = inProject('bench/programs/hold-polls.ts')
  const child = fork(program, words, { env: childEnvironment(), execArgv: [] })
  scope.after(() => endProgram(child))
  async function ask(order: ToPollers): Promise<PollReport> {
    const answer = once(child, 'message')
    child.send(order)
    const [report] = (await answer) as [PollReport]
    return report
  }
  return {
    report: () => ask({ type: 'report', times: false }),
    reportTimes: () => ask({ type: 'report', times: true }),
    forget: async () => void (await ask({ type: 'forget' })),
  }
}

async function endProgram(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}
