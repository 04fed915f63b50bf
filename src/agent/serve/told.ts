import type { HostDeploymentState, HostReportBody } from '../../protocol/index.ts'

// Pure: what the server was told of deployments and runs, so that nothing is told twice and no run is started twice.

type RunState = Extract<HostReportBody, { kind: 'script-state' }>['state']

export interface Told {
  /** By app: what was told last. */
  readonly deployments: Readonly<Record<string, ToldDeployment>>
  /** By run, oldest first. */
  readonly runs: Readonly<Record<string, RunState>>
}

export interface ToldDeployment {
  readonly deployment: string
  readonly generation: number
  readonly state: HostDeploymentState
  readonly code: string | undefined
  /** Of the error; another reason is news. */
  readonly message: string | undefined
}

export const nothingTold: Told = { deployments: {}, runs: {} }

/** Runs that are remembered behind their end; the server names one no more once it knows that. */
const rememberedRuns = 2000

export function afterReport(told: Told, body: HostReportBody): Told {
  if (body.kind === 'deployment-state') {
    const { deployment, generation, state, error } = body
    const entry = { deployment, generation, state, code: error?.code, message: error?.message }
    return { ...told, deployments: { ...told.deployments, [body.app]: entry } }
  }
  if (body.kind !== 'script-state') return told
  const runs = Object.entries({ ...told.runs, [body.run]: body.state })
  // One that still runs is remembered however long: forgotten, it would be begun again.
  const ended = runs.filter(([, state]) => state !== 'running')
  const forgotten = new Set(ended.slice(0, Math.max(0, runs.length - rememberedRuns)))
  return { ...told, runs: Object.fromEntries(runs.filter((run) => !forgotten.has(run))) }
}

/** Whether a report says something that the one before did not. */
export function isNews(told: Told, body: HostReportBody): boolean {
  if (body.kind === 'script-state') return toldOfRun(told, body.run) !== body.state
  if (body.kind !== 'deployment-state') return true
  const last = toldOfApp(told, body.app)
  const isSame = last?.deployment === body.deployment && last.generation === body.generation
  if (!isSame) return true
  // Kept is kept: that it is brought back after a person's work is nobody else's matter.
  if (last.state === 'committed') return false
  return (
    last.state !== body.state ||
    last.code !== body.error?.code ||
    last.message !== body.error?.message
  )
}

// Names that servers give may be ones that every object has.

export function toldOfApp({ deployments }: Told, app: string): ToldDeployment | undefined {
  return Object.hasOwn(deployments, app) ? deployments[app] : undefined
}

export function toldOfRun({ runs }: Told, run: string): RunState | undefined {
  return Object.hasOwn(runs, run) ? runs[run] : undefined
}
