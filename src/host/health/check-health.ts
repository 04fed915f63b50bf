import { AppError } from '../../errors/index.ts'
import { attemptCommand } from './command-attempt.ts'
import type { Finding, HealthCheck, HealthTarget } from './health-check.ts'
import { attemptHttp } from './http-attempt.ts'
import { findOwner } from './listener-owner.ts'
import { assertStillRuns, restartsOf, type WatchedProcess } from './still-runs.ts'
import { attemptTcp } from './tcp-attempt.ts'

export interface HealthContext extends WatchedProcess {
  readonly signal: AbortSignal
  /** Pids of the deploy as its driver knows them; undefined when the driver cannot know. */
  readonly ownPids: () => Promise<Iterable<number> | undefined>
  /** Told after each attempt. */
  readonly report?: (progress: HealthProgress) => void
}

export interface HealthProgress {
  readonly successes: number
  readonly wanted: number
  readonly finding: Finding
}

export interface HealthProof {
  readonly attempts: number
  /** Milliseconds from the first attempt to the last success. */
  readonly milliseconds: number
  /** Whether the listener was seen to belong to the deploy's own processes. */
  readonly ownership: 'proved' | 'not proved'
  /** What the last attempt found, in words. */
  readonly finding: string
}

/** When a process ended that the check still asks. */
const unproved = 'before it was proved healthy'

/**
 * Asks a deploy until it answered well so many times in a row. An answer counts only when the listener is the
 * deploy's own, where its driver can tell.
 * @throws AppError `unhealthy` with the last finding when time is up, `start-failed` as soon as the process ended.
 */
export async function checkHealth(
  check: HealthCheck,
  target: HealthTarget,
  context: HealthContext,
): Promise<HealthProof> {
  const { clock, signal } = context
  const startedAt = clock.monotonic()
  const restartsBefore = restartsOf(await context.observe())
  await assertStillRuns(context, restartsBefore, unproved)
  for (let attempts = 1, successes = 0; ; attempts++) {
    signal.throwIfAborted()
    const { finding, ownership } = await attemptOnce(check, target, context)
    await assertStillRuns(context, restartsBefore, unproved)
    successes = finding.ok ? successes + 1 : 0
    context.report?.({ successes, wanted: check.successes, finding })
    const milliseconds = clock.monotonic() - startedAt
    if (successes >= check.successes) {
      return { attempts, milliseconds, ownership, finding: finding.words }
    }
    if (milliseconds + check.interval >= check.within) throw unhealthy(check, finding, attempts)
    await clock.sleep(check.interval, signal)
  }
}

interface Judged {
  readonly finding: Finding
  readonly ownership: HealthProof['ownership']
}

async function attemptOnce(
  check: HealthCheck,
  target: HealthTarget,
  context: HealthContext,
): Promise<Judged> {
  const finding = await attempt(check, target, context)
  const listens = target.port !== undefined || target.socket !== undefined
  // Looking through all processes is dear, and a deploy that does not answer yet is asked often.
  const pids = finding.ok && listens ? await context.ownPids() : undefined
  if (pids === undefined) return { finding, ownership: 'not proved' }
  const owner = findOwner(target, pids)
  if (owner.kind === 'own') return { finding, ownership: 'proved' }
  const place = target.socket ?? `port ${target.port}`
  const words =
    owner.kind === 'nobody'
      ? `nothing listens on ${place}`
      : `${place} is answered by ${owner.holder}, which does not belong to this deploy`
  return { finding: { ok: false, words }, ownership: 'not proved' }
}

function attempt(
  check: HealthCheck,
  target: HealthTarget,
  context: HealthContext,
): Promise<Finding> {
  switch (check.type) {
    case 'http':
      return attemptHttp({ ...check, port: target.port, socket: target.socket })
    case 'tcp':
      return attemptTcp({ ...check, port: target.port, socket: target.socket })
    case 'command':
      return attemptCommand({ ...check, place: target.command }, context)
  }
}

function unhealthy(check: HealthCheck, finding: Finding, attempts: number): AppError {
  const reason = finding.ok
    ? `it answered well, but not ${check.successes} times in a row`
    : finding.words
  return new AppError(
    'unhealthy',
    `not healthy within ${check.within} ms, ${attempts} attempts: ${reason}`,
    !finding.ok && finding.output !== undefined && finding.output !== ''
      ? { output: finding.output }
      : {},
  )
}
