import { appName, versionText, z } from '../config/index.ts'
import { digestText, idText } from './desired-state.ts'

// What a host tells the server. Reports are numbered and kept on the host until the server has taken them; the server
// remembers the last number of each host, so each counts once.

/** What became of a deployment on one host, and what may follow. The types, the checks and the words come from here. */
export const nextHostStates = {
  /** Desired, and nothing heard yet. */
  waiting: ['preparing', 'ready', 'switched', 'committed', 'undone', 'refused', 'failed', 'held'],
  preparing: ['ready', 'switched', 'committed', 'undone', 'refused', 'failed', 'held'],
  /** Green: proved, and without traffic. */
  ready: ['switched', 'committed', 'undone', 'failed', 'held'],
  /** Takes traffic and waits for the commit. */
  switched: ['committed', 'undone', 'failed', 'held'],
  committed: [],
  /** All old again; `error` says why. It goes forward only when the commit stands. */
  undone: ['preparing', 'ready', 'switched', 'committed', 'refused', 'failed', 'held'],
  /** Policy or signature do not allow it here; nothing was begun. Looked at again when the policy changes. */
  refused: ['preparing', 'ready', 'switched', 'committed', 'undone', 'failed', 'held'],
  /** Neither all old nor all new: a person must look. */
  failed: [],
  /** A person works on this app on the host; it is left alone until `release-hold`. */
  held: ['preparing', 'ready', 'switched', 'committed', 'undone', 'refused', 'failed'],
} as const satisfies Record<string, readonly string[]>

export type HostDeploymentState = keyof typeof nextHostStates

const hostStates = Object.keys(nextHostStates) as [HostDeploymentState, ...HostDeploymentState[]]
const time = z.int().min(0)
const words = z.string().max(8192)

export const reportedErrorSchema = z.strictObject({
  code: z.string().max(64),
  message: words,
  hint: words.optional(),
  output: words.optional(),
})

/** How one app stands on the host. */
export const observedAppSchema = z.strictObject({
  app: appName,
  /** Of the last desire that was reached; 0 when none was. */
  generation: z.int().min(0),
  /** What is committed and current. */
  current: z
    .strictObject({
      digest: digestText,
      version: versionText,
      label: z.string().max(64),
      /** The host's own deployment id. */
      deployment: idText,
      at: time,
      /** Of the configuration that was rendered; the configuration stays on the host. */
      contextHash: z.string().max(128),
      stateDigest: z.string().max(128),
    })
    .optional(),
  /** Files that differ from what was deployed. */
  drifted: z.array(z.string().max(1024)).max(50),
  hold: z.strictObject({ by: words, at: time, deployment: idText }).optional(),
  rejected: z.array(digestText).max(5000),
})

const body = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('deployment-state'),
    deployment: idText,
    app: appName,
    generation: z.int().positive(),
    state: z.enum(hostStates),
    /** The host's own id of it, for `sluice show` there. */
    local: idText.optional(),
    error: reportedErrorSchema.optional(),
    /** The failure is the release's own: it is rejected everywhere. */
    rejects: z.boolean().optional(),
    /** The zero-downtime statement, as in DeploymentResult. */
    traffic: z.json().optional(),
  }),
  /** A step begins, ends or says something: a DeployEvent of the engine. */
  z.strictObject({ kind: z.literal('deployment-event'), deployment: idText, event: z.json() }),
  /** Sent when something of it changed, and at every start. */
  z.strictObject({
    kind: z.literal('observed'),
    apps: z.array(observedAppSchema).max(500),
    version: z.string().max(64),
    freeBytes: z.int().min(0),
  }),
  z.strictObject({
    kind: z.literal('script-state'),
    run: idText,
    state: z.enum(['running', 'succeeded', 'failed', 'refused', 'unknown']),
    error: reportedErrorSchema.optional(),
  }),
  z.strictObject({ kind: z.literal('script-event'), run: idText, event: z.json() }),
  /** What a person should know: disk full, a poisoned order, a clock that jumped, an audit log that was rewritten. */
  z.strictObject({ kind: z.literal('alarm'), code: z.string().max(64), message: words }),
])

export const hostReportSchema = z.strictObject({
  /** Counts from 1 without gaps; a host that has lost its memory goes on behind what the server acknowledges. */
  number: z.int().positive(),
  at: time,
  body,
})

export type ObservedApp = z.infer<typeof observedAppSchema>
export type HostReport = z.infer<typeof hostReportSchema>
export type HostReportBody = HostReport['body']
