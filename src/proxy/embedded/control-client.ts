import { readdirSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'

import { AppError, errnoOf, errorCodes, type ErrorCode } from '../../errors/index.ts'
import type { ProxyPlace } from '../proxy-settings.ts'
import { controlLink } from './serve-files.ts'
import type { ProxyStatus } from './control-server.ts'

interface ControlRequest {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body?: object
  /** Milliseconds. */
  readonly timeout: number
}

/**
 * Asks a proxy process something on its control socket.
 * @throws AppError `proxy-unreachable`, or what the process refused with.
 */
export async function askProxy(socketPath: string, question: ControlRequest): Promise<object> {
  const { status, text } = await exchange(socketPath, question)
  const answer = JSON.parse(text) as { code?: string; message?: string; hint?: string }
  if (status === 200) return answer
  const code: ErrorCode =
    answer.code !== undefined && Object.hasOwn(errorCodes, answer.code)
      ? (answer.code as ErrorCode)
      : 'proxy-failed'
  const words = answer.hint === undefined ? {} : { hint: answer.hint }
  throw new AppError(code, answer.message ?? `the proxy answered ${status}`, words)
}

/** The status of the process that accepts connections now; undefined when there is none. */
export async function readStatus(
  place: ProxyPlace,
  socketPath = controlLink(place),
): Promise<ProxyStatus | undefined> {
  try {
    const question = { method: 'GET', path: '/status', timeout: 2000 } as const
    return (await askProxy(socketPath, question)) as ProxyStatus
  } catch (error) {
    if (error instanceof AppError && error.code === 'proxy-unreachable') return undefined
    throw error
  }
}

/** Control sockets of all proxy processes, also of leaving ones; what nobody listens on is removed. */
export async function listProxies(
  place: ProxyPlace,
): Promise<{ readonly socketPath: string; readonly status: ProxyStatus }[]> {
  const found = []
  for (const name of listNames(place.runDir)) {
    if (!/^proxy-\d+\.sock$/.test(name)) continue
    const socketPath = join(place.runDir, name)
    const status = await readStatus(place, socketPath)
    if (status === undefined) rmSync(socketPath, { force: true })
    else found.push({ socketPath, status })
  }
  return found
}

function listNames(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return []
    throw error
  }
}

function exchange(
  socketPath: string,
  question: ControlRequest,
): Promise<{ status: number; text: string }> {
  const { method, path, timeout, body } = question
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void =>
      reject(
        new AppError(
          'proxy-unreachable',
          `the proxy does not answer on ${socketPath}: ${error.message}`,
          {
            hint: 'run `sluice boot` to start it, and look at log/proxy.log',
            retryable: true,
            cause: error,
          },
        ),
      )
    const sent = request({ socketPath, method, path, agent: false, timeout }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('error', fail)
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
    })
    sent.on('timeout', () => sent.destroy(new Error(`no answer within ${timeout} ms`)))
    sent.on('error', fail)
    sent.end(body === undefined ? undefined : JSON.stringify(body))
  })
}
