import { AppError, toAppError } from '../../errors/index.ts'
import { reportError, type ReportedError } from '../../events/index.ts'
import { judgeScript, readOwnedFile, type ScriptRule } from '../../policy/index.ts'
import type { HostReportBody, ScriptOrder } from '../../protocol/index.ts'
import { lookUpUser, runAs, type UserAccount } from '../../system/index.ts'
import { readScript } from '../scripts/read-script.ts'
import { runScript } from '../scripts/run-script.ts'
import { reportable } from './choose-act.ts'
import { openOriginFiles } from './origin-files.ts'
import { reportScript } from './script-reports.ts'
import type { ServeContext } from './serve-context.ts'
import { toldOfRun } from './told.ts'

/** The scripts that the server wants run. */
export interface ScriptRuns {
  /** Begins what is wanted and was not begun before. */
  follow(): void
  /** Resolves when nothing runs any more. */
  ended(): Promise<void>
}

/** Milliseconds that a running line has for its end once we are to end. */
const grace = 20_000

type RunState = Extract<HostReportBody, { kind: 'script-state' }>['state']

/**
 * Each run is begun at most once: that it begins is durable before it does. One that was running when we ended without
 * telling is `unknown`. Runs of one script follow each other, by their sequence.
 */
export function openScriptRuns(context: ServeContext): ScriptRuns {
  const known = new Set<string>()
  const last = new Map<string, Promise<void>>()

  function begin(order: ScriptOrder): void {
    known.add(order.run)
    if (toldOfRun(context.outbox.told, order.run) !== undefined) return tellLost(context, order)
    const before = last.get(order.script)
    const run = async (): Promise<void> => {
      if (isStillWanted(context, order)) await runOrder(context, order)
    }
    // The first of its name does not wait for anything.
    last.set(order.script, before === undefined ? run() : before.then(run))
  }

  return {
    follow: () => {
      const scripts = context.desired.current?.scripts ?? []
      const fresh = scripts.filter(({ run }) => !known.has(run))
      for (const order of fresh.toSorted((left, right) => left.sequence - right.sequence))
        begin(order)
    },
    ended: async () => void (await Promise.all(last.values())),
  }
}

function isStillWanted({ desired, signal }: ServeContext, { run }: ScriptOrder): boolean {
  return !signal.aborted && desired.current?.scripts.some((order) => order.run === run) === true
}

/** Begun by an earlier process of ours, whose end nobody saw. */
function tellLost({ outbox }: ServeContext, { run, script }: ScriptOrder): void {
  if (toldOfRun(outbox.told, run) !== 'running') return
  const message = `"${script}" was running when this host's service ended, and nobody saw its end`
  outbox.tell({
    kind: 'script-state',
    run,
    state: 'unknown',
    error: { code: 'outcome-unknown', message },
  })
}

async function runOrder(context: ServeContext, order: ScriptOrder): Promise<void> {
  const tell = (state: RunState, error?: AppError): void => {
    const words = error === undefined ? {} : { error: describe(error) }
    context.outbox.tell({ kind: 'script-state', run: order.run, state, ...words })
  }
  try {
    const prepared = await prepare(context, order)
    tell('running')
    const { error } = await act(context, order, prepared)
    tell(error === undefined ? 'succeeded' : 'failed', error)
  } catch (thrown) {
    const error = toAppError(thrown)
    const isBegun = toldOfRun(context.outbox.told, order.run) === 'running'
    const state = isBegun || error.kind !== 'refused' ? 'failed' : 'refused'
    context.outbox.tellSoon({ kind: 'script-state', run: order.run, state, error: describe(error) })
  }
}

function describe(error: AppError): ReportedError {
  return reportable(reportError(error))
}

interface Prepared {
  readonly rule: ScriptRule
  readonly steps: Awaited<ReturnType<typeof readScript>>
  readonly owner: UserAccount | undefined
  readonly origins: readonly string[]
}

async function prepare({ policy }: ServeContext, order: ScriptOrder): Promise<Prepared> {
  const allowed = await policy.read()
  const rule = judgeScript(allowed, order, policy.path)
  return {
    rule,
    steps: await readScript(rule.file, readOwnedFile(rule.file)),
    owner: rule.user === undefined ? undefined : lookUpUser(rule.user),
    origins: allowed?.origins ?? [],
  }
}

async function act(
  { clock, outbox, policy, signal }: ServeContext,
  order: ScriptOrder,
  { rule, steps, owner, origins }: Prepared,
): ReturnType<typeof runScript> {
  const over = new AbortController()
  const limit = rule.timeout === undefined ? undefined : AbortSignal.timeout(rule.timeout)
  const late = (): void =>
    over.abort(new AppError('command-timeout', `"${order.script}" ran longer than it may`))
  limit?.addEventListener('abort', late, { once: true })
  const stop = AbortSignal.any([signal, over.signal])
  return await runScript(steps, {
    clock,
    shell: '/bin/sh',
    before: runAs(owner),
    env: environmentOf(order, owner),
    files: openOriginFiles(origins, policy.path),
    report: reportScript(order.run, outbox),
    signal: stop,
    grace,
  })
}

/** A fixed base, as for a release's commands: what we were started with is not for others. */
function environmentOf(
  { run, trigger, sequence }: ScriptOrder,
  owner: UserAccount | undefined,
): Record<string, string> {
  return {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    LANG: 'C.UTF-8',
    HOME: owner?.home ?? '/',
    ...(owner === undefined ? {} : { USER: owner.user, LOGNAME: owner.user }),
    SLUICE_RUN: run,
    SLUICE_TRIGGER: trigger,
    SLUICE_SEQUENCE: String(sequence),
  }
}
