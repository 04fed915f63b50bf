import { appName, byteSize, duration, port, z } from '../../config/index.ts'
import { agentLabelsSchema } from '../../protocol/index.ts'

// sluice-server.yaml as it is written. Relative paths are looked for beside it.

const path = z.string().regex(/^[^\0\n]{1,4096}$/, 'is not a path')
const address = z.ipv4().or(z.ipv6())

const secretFiles = z.array(path).min(1).max(5)

const source = z.union([
  z.literal('token'),
  /** Prostagma's clients, with the secret of `prostagma`. */
  z.literal('prostagma'),
  z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('github'),
      secretFiles,
      /** Of which a delivery raises the trigger; others are acknowledged and ignored. */
      events: z.array(z.string().min(1)).min(1).default(['push']),
      /** Such as `refs/heads/main`; any unless given. */
      refs: z.array(z.string().min(1)).min(1).optional(),
    }),
    z.strictObject({ kind: z.literal('gitlab'), secretFiles }),
    z.strictObject({ kind: z.literal('standard-webhooks'), secretFiles }),
  ]),
])

/** The labels that a host must have, each with this value. */
export const selectorSchema = agentLabelsSchema.refine(
  (labels) => Object.keys(labels).length > 0,
  'names no label',
)

/** `latest`, a version, a pattern such as `1.*`, or `sha256:…`. */
export const wantedRelease = z
  .string()
  .regex(/^[A-Za-z0-9*][A-Za-z0-9._+*:-]{0,79}$/, 'is not latest, a version, a pattern or a digest')

const starts = z.union([
  z.strictObject({
    deploy: z.strictObject({
      app: appName,
      release: wantedRelease.default('latest'),
      to: selectorSchema,
    }),
  }),
  z.strictObject({
    /** The name that each host's policy binds to a script. */
    script: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'is not the name of a script'),
    to: selectorSchema,
  }),
])

const trigger = z.strictObject({
  sources: z.array(source).min(1).max(10),
  /** What each raise starts; nothing unless given. */
  starts: starts.optional(),
})

const rate = z.strictObject({
  perMinute: z.int().min(1).max(10_000_000),
  /** How many may come at once. */
  burst: z.int().min(1).max(1_000_000),
})
export const triggerName = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/,
    'is no name of a trigger: up to 128 letters, digits, ".", "_" and "-"',
  )

const days = z
  .string()
  .regex(/^\d{1,4}d$/, 'is not a duration such as 12h or 90d')
  .transform((text) => Number(text.slice(0, -1)) * 24 * 60 * 60_000)

const releases = z.strictObject({
  /** Where archives lie under their digests; below `state` unless given. */
  directory: path.optional(),
  /** Of the disk, whatever is published. */
  keepFree: byteSize.default(1024 ** 3),
  /** What is beyond any of these goes, oldest first; never what is deployed, desired or pinned. */
  keep: z
    .strictObject({
      /** Of each app. */
      count: z.int().min(1).default(100),
      /** Of all archives together. */
      bytes: byteSize.optional(),
      age: duration().or(days).optional(),
    })
    .prefault({}),
  /** `NAME@VERSION`: kept whatever `keep` says. */
  pinned: z.array(z.string().regex(/^[^@]+@[^@]+$/, 'is not NAME@VERSION')).default([]),
})

/** What the server fetches for hosts without internet; nothing unless this is given. */
const relay = z.strictObject({
  /** `https://builds.example`, `http://store.example:8080/releases/`; everything else is refused. */
  origins: z.array(z.string().min(1)).min(1).max(1000),
  /** Whether these may lie in private networks or on this machine. */
  allowPrivate: z.boolean().default(false),
  /** Of the cache, and of one file in it. */
  bytes: byteSize.default(20 * 1024 ** 3),
  fileBytes: byteSize.default(4 * 1024 ** 3),
  age: duration()
    .or(days)
    .default(7 * 24 * 60 * 60_000),
})

export const serverSettingsSchema = z.strictObject({
  /** Where the server keeps its identity, its certificate and, unless told otherwise, its database. */
  state: path.default('/var/lib/sluice-server'),
  listen: z
    .strictObject({
      address: address.default('127.0.0.1'),
      port: port.or(z.literal(0)).default(7780),
    })
    .prefault({}),
  database: z
    .strictObject({ sqlite: path.optional(), postgresUrlFile: path.optional() })
    .refine((given) => Object.keys(given).length < 2, 'is either sqlite or postgresUrlFile')
    .prefault({}),
  tls: z
    .strictObject({
      mode: z.enum(['self-made', 'files', 'off']).default('self-made'),
      /** By which a self-made certificate can be reached. */
      names: z.array(z.string()).min(1).default(['localhost', '127.0.0.1', '::1']),
      certificateFile: path.optional(),
      keyFile: path.optional(),
    })
    .refine(
      ({ mode, certificateFile, keyFile }) =>
        mode !== 'files' || (certificateFile !== undefined && keyFile !== undefined),
      'mode files needs certificateFile and keyFile',
    )
    .prefault({}),
  /**
   * Where agents call when a proxy ends TLS before us, such as `https://deploy.example.com`: their proofs are bound to it in
   * place of the connection, so they must check the proxy's certificate.
   */
  origin: z
    .url({ protocol: /^https$/ })
    .refine(
      (text) => URL.canParse(text) && new URL(text).origin === text,
      'is not https://HOST:PORT',
    )
    .optional(),
  /** Whose `X-Forwarded-For` counts; with `tls: {mode: off}` nobody else may connect. */
  trustedProxies: z.array(address).default([]),
  /** Requests of one token, or of one stranger; ours unless given. Failed authentications keep theirs. */
  limits: z
    .strictObject({ raise: rate, poll: rate, read: rate, hook: rate, public: rate })
    .partial()
    .prefault({}),
  triggers: z.record(triggerName, trigger).default({}),
  /** How long hosts may take with a deployment. */
  deployments: z
    .strictObject({
      /** A host that was not heard of for so long is not waited for; they are noted every 15 seconds. */
      silentAfter: duration({ min: 20_000 }).prefault('60s'),
      /** From the request until a first host can be reached. */
      reach: duration({ min: 1000 }).prefault('168h'),
      prepare: duration({ min: 1000 }).prefault('30m'),
      switch: duration({ min: 1000 }).prefault('10m'),
      commit: duration({ min: 1000 }).prefault('10m'),
      back: duration({ min: 1000 }).prefault('10m'),
    })
    .prefault({}),
  /** How long what has ended is kept; what hosts still need stays. */
  retention: z
    .strictObject({ deployments: days.prefault('365d'), events: days.prefault('90d') })
    .prefault({}),
  releases: releases.prefault({}),
  relay: relay.optional(),
  /** Routes for Prostagma's clients, only for triggers that name `prostagma` as a source. */
  prostagma: z.strictObject({ secretFiles }).optional(),
})

/** For editors. */
export function serverSettingsJsonSchema(): unknown {
  return z.toJSONSchema(serverSettingsSchema, { io: 'input', unrepresentable: 'any' })
}
