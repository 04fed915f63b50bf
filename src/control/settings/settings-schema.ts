import { port, z } from '../../config/index.ts'

// sluice-server.yaml as it is written. Relative paths are looked for beside it.

const path = z.string().regex(/^[^\0\n]{1,4096}$/, 'is not a path')
const address = z.ipv4().or(z.ipv6())

const secretFiles = z.array(path).min(1).max(5)

const source = z.union([
  z.literal('token'),
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
})

/** For editors. */
export function serverSettingsJsonSchema(): unknown {
  return z.toJSONSchema(serverSettingsSchema, { io: 'input', unrepresentable: 'any' })
}
