import { hostname } from 'node:os'

import { byteSize, duration, labelName, port, z } from '../../config/index.ts'
import { endpointsSchema } from '../../proxy/index.ts'

// sluice.yaml as it is written. Every key is optional: a host works with `{}`.

const absolutePath = z.string().regex(/^\/[^\0\n]*$/, 'is not an absolute path')

const address = z.ipv4().or(z.ipv6()).default('0.0.0.0')

const proxySchema = z.strictObject({
  driver: z.enum(['embedded', 'nginx']).default('embedded'),
  /** `proxy` for embedded, `socket` for nginx unless told. */
  mode: z.enum(['proxy', 'socket', 'reload']).optional(),
  http: z.strictObject({ address, port: port.default(80) }).prefault({}),
  https: z.strictObject({ address, port: port.default(443) }).optional(),
  timeout: duration({ min: 1 }).default(60_000),
  maxBody: byteSize.default(0),
  accessLog: z.boolean().default(true),
  healthPath: z
    .string()
    .regex(/^\/[\w./-]*$/, 'is not a path')
    .optional(),
  trustedProxies: z.array(z.ipv4().or(z.ipv6())).default([]),
  drainWithin: duration({ min: 0 }).default(60_000),
  nginx: z
    .strictObject({
      program: absolutePath.default('/usr/sbin/nginx'),
      configDirectory: absolutePath.default('/etc/nginx/conf.d'),
      mainConfig: absolutePath.default('/etc/nginx/nginx.conf'),
      user: z.string().optional(),
      prefix: absolutePath.optional(),
      pidFile: absolutePath.optional(),
    })
    .prefault({}),
})

const settings = z.strictObject({
  root: absolutePath.default('/opt/sluice'),
  runDir: absolutePath.default('/run/sluice'),
  store: z.string().min(1).default('/opt/sluice/store'),
  storeTokenFile: absolutePath.optional(),
  ports: z
    .strictObject({ from: port, to: port })
    .refine(({ from, to }) => from <= to, 'must not end before it begins')
    .default({ from: 8000, to: 8099 }),
  proxy: proxySchema.prefault({}),
  endpoints: endpointsSchema.prefault({}),
  configSources: z.record(labelName, absolutePath).default({}),
  retention: z
    .strictObject({
      keep: z.int().min(0).default(5),
      bytes: byteSize.default(10 * 1024 ** 3),
      diskFloor: byteSize.default(1024 ** 3),
      history: z.int().min(1).default(200),
    })
    .prefault({}),
  limits: z
    .strictObject({
      totalBytes: byteSize.optional(),
      entries: z.int().min(1).optional(),
      ratio: z.int().min(1).optional(),
      ratioFrom: byteSize.optional(),
    })
    .prefault({}),
  user: z.string().min(1).optional(),
  driver: z.enum(['systemd', 'supervised']).optional(),
  stayUpFor: duration().default(3000),
  bake: z
    .strictObject({
      for: duration().default(5000),
      failures: z.int().min(1).default(3),
      interval: duration({ min: 1 }).default(250),
    })
    .prefault({}),
  confirmWithin: duration({ min: 100 }).default(60_000),
  probeInterval: duration({ min: 5 }).default(50),
  restartDelay: duration({ min: 1 }).default(1000),
  logLimit: byteSize.default(10 * 1024 ** 2),
  host: z
    .strictObject({
      name: z.string().min(1).default(hostname()),
      properties: z.record(z.string(), z.string()).default({}),
    })
    .prefault({}),
})

/** The whole file: what each part allows, and what the parts say of each other. */
export const settingsSchema = settings.superRefine(({ proxy, endpoints }, context) => {
  const { driver, mode } = proxy
  const modes = driver === 'embedded' ? ['proxy'] : ['socket', 'reload']
  if (mode !== undefined && !modes.includes(mode)) {
    const message = `does not go with driver "${driver}", which has mode ${modes.join(' or ')}`
    context.addIssue({ code: 'custom', path: ['proxy', 'mode'], message })
  }
  if (driver !== 'nginx') return
  for (const { name, serverNames } of Object.values(endpoints)) {
    if (serverNames.length > 0) continue
    // Without host names nginx would take other sites their requests.
    const message = 'has no serverNames, which driver "nginx" needs'
    context.addIssue({ code: 'custom', path: ['endpoints', name], message })
  }
})
