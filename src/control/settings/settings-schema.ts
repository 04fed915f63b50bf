import { byteSize, duration, port, z } from '../../config/index.ts'

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

const trigger = z.strictObject({
  sources: z.array(source).min(1).max(10),
  /** What it starts; kept as it is. */
  starts: z.json().optional(),
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
  /** Whose `X-Forwarded-For` counts; with `tls: {mode: off}` nobody else may connect. */
  trustedProxies: z.array(address).default([]),
  triggers: z.record(triggerName, trigger).default({}),
  releases: releases.prefault({}),
  relay: relay.optional(),
  /** Routes for Prostagma's clients, only for triggers that name `prostagma` as a source. */
  prostagma: z.strictObject({ secretFiles }).optional(),
})

/** For editors. */
export function serverSettingsJsonSchema(): unknown {
  return z.toJSONSchema(serverSettingsSchema, { io: 'input', unrepresentable: 'any' })
}
