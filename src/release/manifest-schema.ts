import {
  appName,
  commandLine,
  duration,
  environmentName,
  labelName,
  relativePath,
  versionText,
  z,
} from '../config/index.ts'

// release.json as it is written. docs/schema/release.schema.json is made from this file.

const minute = 60_000
const hour = 60 * minute

const nonEmptyCommand = commandLine.min(1)

const checkTiming = {
  interval: duration({ min: 10, max: hour }).prefault('500ms'),
  timeout: duration({ min: 10, max: hour }).prefault('2s'),
  successes: z.int().min(1).max(1000).prefault(2),
  within: duration({ min: 10, max: 24 * hour }).prefault('60s'),
}

const httpPath = z
  .string()
  .max(1024)
  .regex(/^\/[A-Za-z0-9._~/%?=&+-]*$/, 'is not an absolute path of a URL')

const check = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('http'),
    path: httpPath.prefault('/'),
    status: z.array(z.int().min(100).max(599)).min(1).prefault([200, 204]),
    ...checkTiming,
  }),
  z.strictObject({ type: z.literal('tcp'), ...checkTiming }),
  z.strictObject({ type: z.literal('command'), command: nonEmptyCommand, ...checkTiming }),
])

const service = z.strictObject({
  command: nonEmptyCommand,
  env: z.record(environmentName, z.string().max(32_768)).prefault({}),
  stopSignal: z.enum(['SIGTERM', 'SIGINT', 'SIGQUIT']).prefault('SIGTERM'),
  grace: duration({ max: hour }).prefault('10s'),
})

const drain = z.strictObject({ timeout: duration({ max: 24 * hour }).prefault('30s') })

const migrate = z.strictObject({
  command: nonEmptyCommand,
  timeout: duration({ min: 10, max: 24 * hour }).prefault('10m'),
  undoCommand: nonEmptyCommand.optional(),
})

const hook = z.strictObject({
  command: nonEmptyCommand,
  timeout: duration({ min: 10, max: 24 * hour }).prefault('5m'),
  idempotent: z.boolean().prefault(false),
})

const hooks = z.strictObject({ afterSwitch: hook.optional(), afterStop: hook.optional() })

const sharedPath = relativePath.refine(isReleases, 'is sluice’s own and cannot be shared')

const shared = z.strictObject({
  files: z.array(sharedPath).prefault([]),
  directories: z.array(sharedPath).prefault([]),
})

/** Not release.json, and not where the record of a deploy lies. */
function isReleases(path: string): boolean {
  return path !== 'release.json' && path.split('/')[0] !== '.sluice'
}

const template = relativePath
  .refine(isReleases, 'is sluice’s own and cannot be a template')
  .refine((path) => /[^/]\.[^./]+$/.test(path), 'has no extension to leave out')
  .refine((path) => !path.startsWith('release.json.'), 'would overwrite release.json')

/** What a role may say differently; a key that is given replaces the release's own as a whole. */
const overridable = {
  templates: z.array(template).optional(),
  configSources: z.record(labelName, relativePath).optional(),
  prestartCommand: commandLine.optional(),
  startCommand: commandLine.optional(),
  stopCommand: commandLine.optional(),
  service: service.optional(),
  listen: z.enum(['port', 'socket', 'either']).optional(),
  check: check.optional(),
  drain: drain.optional(),
  migrate: migrate.optional(),
  shared: shared.optional(),
  hooks: hooks.optional(),
}

const role = z.strictObject(overridable)

/** The file release.json. Its output is what was written, with the defaults inside each part. */
export const manifestSchema = z.strictObject({
  $schema: z.string().max(1024).optional(),
  name: appName.optional(),
  version: versionText.optional(),
  ...overridable,
  roles: z.record(labelName, role).optional(),
})

export type WrittenManifest = z.output<typeof manifestSchema>

export type WrittenRole = z.output<typeof role>

/** For a name and version that come from the archive's file name. */
export const identitySchema = z.strictObject({ name: appName, version: versionText })
