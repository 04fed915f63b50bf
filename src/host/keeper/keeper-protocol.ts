import { toAppError, AppError, type ErrorCode } from '../../errors/index.ts'
import type { ServiceSpec } from '../drivers/process-driver.ts'

/** What is kept is named by app and label. */
export interface ServiceKey {
  readonly app: string
  readonly label: string
}

/** A command that runs at a deadline unless it is disarmed before: the way back of a switch nobody confirmed. */
export interface RevertTimer {
  readonly app: string
  readonly deployment: string
  /** Milliseconds since 1970. */
  readonly deadline: number
  /** Run as it is, without a shell; run again a few times when it fails, so it must be repeatable. */
  readonly command: readonly string[]
}

/** One line of JSON on the keeper's socket; one line of `KeeperAnswer` comes back. */
export type KeeperRequest =
  | { readonly type: 'ping' }
  | { readonly type: 'start'; readonly spec: ServiceSpec }
  | { readonly type: 'stop'; readonly key: ServiceKey }
  | { readonly type: 'list' }
  | { readonly type: 'arm'; readonly timer: RevertTimer }
  | { readonly type: 'disarm'; readonly app: string; readonly deployment: string }
  /** Ends the keeper and leaves everything running for the next one, which adopts it. */
  | { readonly type: 'leave' }

/** What the keeper says about itself and what it keeps. */
export interface KeeperStatus {
  readonly version: string
  readonly pid: number
  readonly services: readonly ServiceKey[]
  readonly timers: readonly Pick<RevertTimer, 'app' | 'deployment' | 'deadline'>[]
}

export type KeeperAnswer =
  | { readonly ok: true; readonly status?: KeeperStatus }
  | {
      readonly ok: false
      readonly code: ErrorCode
      readonly message: string
      readonly hint: string | undefined
    }

/** Bytes of one line; a service's environment is the largest thing in it. */
export const longestRequest = 4 * 1024 * 1024

/** @throws AppError `usage` when the line is not a request. */
export function parseRequest(line: string): KeeperRequest {
  const value = parseObject(line)
  if (!requestTypes.has(String(value['type']))) {
    throw new AppError('usage', `the keeper has no request "${String(value['type'])}"`)
  }
  return value as unknown as KeeperRequest
}

/** An error as the answer that `raiseAnswer` turns back into it. */
export function errorAnswer(thrown: unknown): KeeperAnswer {
  const { code, message, hint } = toAppError(thrown)
  return { ok: false, code, message, hint }
}

/** The status of a good answer. @throws the AppError that the keeper answered with. */
export function raiseAnswer(line: string): KeeperStatus | undefined {
  const answer = parseObject(line) as unknown as KeeperAnswer
  if (answer.ok) return answer.status
  const { code, message, hint } = answer
  throw new AppError(code, message, hint === undefined ? {} : { hint })
}

const requestTypes: ReadonlySet<string> = new Set<KeeperRequest['type']>([
  'ping',
  'start',
  'stop',
  'list',
  'arm',
  'disarm',
  'leave',
])

function parseObject(line: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // Told below, together with valid JSON that is no object.
  }
  throw new AppError('usage', `not a keeper message: ${line.slice(0, 80)}`)
}
