import { appName, versionText, z } from '../config/index.ts'

// What the server wants of one host. The server states it whole and the host works towards it; an order that is lost,
// doubled or late cannot exist, because there are no orders.

/** sha256, hexadecimal. */
export const digestText = z.string().regex(/^[0-9a-f]{64}$/, 'is not a sha256 in hexadecimal')
/** Ids that the server makes. */
export const idText = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,199}$/, 'is not an id')
const time = z.int().min(0)
/** Words for people: from whom, why. */
const words = z.string().max(2000)

/**
 * How far a host may go with a deployment. `prepare`: stage, start and prove, and wait; `switch`: move the traffic, bake, and
 * wait; `commit`: keep it, whatever else happens to others; `back`: undo what is not committed here.
 */
export const deploymentPhases = ['prepare', 'switch', 'commit', 'back'] as const
export type DeploymentPhase = (typeof deploymentPhases)[number]

export const wantedReleaseSchema = z.strictObject({
  name: appName,
  version: versionText,
  digest: digestText,
  /** Bytes of the archive. */
  size: z.int().positive(),
  /** The archive's file name says its format. */
  file: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._+-]{0,199}$/, 'is not a file name'),
  /** Statement and minisign signatures, as `sluice sign` wrote them. */
  signed: z
    .strictObject({ statement: z.string().max(65_536), signatures: z.string().max(65_536) })
    .optional(),
})

export const appDesireSchema = z.strictObject({
  app: appName,
  /** Grows with every deployment that concerns this app on this host; a lower one is old news. */
  generation: z.int().positive(),
  deployment: idText,
  by: words,
  release: wantedReleaseSchema,
  /** To switch; the host's own rule unless given. */
  endpoints: z.array(z.string().max(64)).max(64).optional(),
  phase: z.enum(deploymentPhases),
  /** Somebody has lifted the host's hold that was set before this time. */
  holdReleasedAt: time.optional(),
})

/** A release that was rejected somewhere is rejected everywhere. */
export const rejectedReleaseSchema = z.strictObject({
  app: appName,
  digest: digestText,
  version: versionText,
  reason: words,
  by: words,
  at: time,
})

/** One run of a script that the host's policy binds to a name. */
export const scriptOrderSchema = z.strictObject({
  run: idText,
  script: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'is not the name of a script'),
  /** What raised it, as the script may read it. */
  trigger: z.string().max(128),
  sequence: z.int().min(0),
  by: words,
  at: time,
})

export const desiredStateSchema = z.strictObject({
  /** The life of the server's database; revisions of another one cannot be compared. */
  epoch: idText,
  /** Grows with every change of what this host is to do. */
  revision: z.int().min(0),
  /** The server's clock, milliseconds since 1970. */
  at: time,
  apps: z.array(appDesireSchema).max(500),
  /** All that are rejected now; one that the server had named before and names no more is lifted. */
  rejected: z.array(rejectedReleaseSchema).max(5000),
  /** Not reported as ended yet. */
  scripts: z.array(scriptOrderSchema).max(500),
})

export type WantedRelease = z.infer<typeof wantedReleaseSchema>
export type AppDesire = z.infer<typeof appDesireSchema>
export type RejectedRelease = z.infer<typeof rejectedReleaseSchema>
export type ScriptOrder = z.infer<typeof scriptOrderSchema>
export type DesiredState = z.infer<typeof desiredStateSchema>
