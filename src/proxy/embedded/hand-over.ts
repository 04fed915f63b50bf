import { closeSync, constants, openSync } from 'node:fs'
import { dirname } from 'node:path'

import { AppError } from '../../errors/index.ts'
import {
  childEnvironment,
  makeDirectory,
  ownCommand,
  readIfPresent,
  sendSignal,
  startDetached,
} from '../../system/index.ts'
import type { ProxyPlace } from '../proxy-settings.ts'
import { readStatus } from './control-client.ts'
import { controlSocket, proxyLogPath } from './serve-files.ts'

/** Milliseconds a new process has until it serves. */
const readyWithin = 15_000

/**
 * Starts a proxy process with the listening sockets of this one and waits until it accepts connections: from then
 * on both do, until the caller stops. Answers its pid.
 * @throws AppError `proxy-failed`; this process then serves on alone.
 */
export async function startSuccessor(
  place: ProxyPlace,
  descriptors: readonly number[],
  command: readonly string[] = [...ownCommand(), 'proxy', 'serve'],
): Promise<number> {
  return await startProxyProcess(place, { command, descriptors })
}

export interface ProxyStart {
  /** The program and its first arguments. */
  readonly command: readonly string[]
  /** Listening sockets to pass on. */
  readonly descriptors?: readonly number[]
}

/** Starts a proxy process that outlives us and waits until it serves; answers its pid. @throws AppError `proxy-failed` */
export async function startProxyProcess(place: ProxyPlace, start: ProxyStart): Promise<number> {
  const { descriptors = [] } = start
  const log = openLog(place)
  const argv = [...start.command, '--root', place.root, '--run-dir', place.runDir]
  if (descriptors.length > 0) argv.push('--listen-fds', String(descriptors.length))
  try {
    const child = startDetached(argv, {
      // The directory of whoever started it may go away.
      cwd: '/',
      env: childEnvironment(),
      stdout: log,
      stderr: log,
      descriptors,
    })
    let end: string | undefined
    child.once('error', (error) => {
      end = error.message
    })
    child.once('exit', (status, signal) => {
      end = signal === null ? `exited with ${status}` : `was ended by ${signal}`
    })
    await waitUntilReady(place, child.pid, () => end)
    return child.pid ?? 0
  } finally {
    closeSync(log)
  }
}

async function waitUntilReady(
  place: ProxyPlace,
  pid: number | undefined,
  findEnd: () => string | undefined,
): Promise<void> {
  const deadline = performance.now() + readyWithin
  while (performance.now() < deadline) {
    const end = findEnd() ?? (pid === undefined ? 'could not be started' : undefined)
    if (end !== undefined) throw notStarted(place, `the proxy process ${end}`)
    const status = await readStatus(place, controlSocket(place, pid ?? 0))
    if (status?.ready === true) return
    await new Promise((resolve) => setTimeout(resolve, 15))
  }
  if (pid !== undefined) sendSignal(pid, 'SIGKILL')
  throw notStarted(place, `the proxy process was not ready within ${readyWithin} ms`)
}

function notStarted(place: ProxyPlace, what: string): AppError {
  const path = proxyLogPath(place)
  const output = readIfPresent(path)?.toString('utf8').slice(-2000)
  return new AppError('proxy-failed', what, {
    hint: `its output is in ${path}`,
    ...(output === undefined ? {} : { output }),
  })
}

function openLog(place: ProxyPlace): number {
  const path = proxyLogPath(place)
  makeDirectory(dirname(path))
  return openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND, 0o640)
}
