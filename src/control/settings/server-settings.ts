import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

import { readWithSchema, z } from '../../config/index.ts'
import { withPath } from '../../system/index.ts'
import { serverSettingsSchema } from './settings-schema.ts'

type Written = z.infer<typeof serverSettingsSchema>

/** sluice-server.yaml with its paths made absolute. */
export type ServerSettings = Omit<Written, 'releases'> & { readonly releases: ReleaseSettings }

export type ReleaseSettings = Omit<Written['releases'], 'directory'> & {
  readonly directory: string
}

export type TriggerDefinition = Written['triggers'][string]
export type TriggerSource = TriggerDefinition['sources'][number]
export type HookSource = Exclude<TriggerSource, string>

/**
 * Reads sluice-server.yaml; without a file everything has its default.
 * @throws AppError `config-invalid` with file, line and column; `io-failed`.
 */
export async function readServerSettings(file: string | undefined): Promise<ServerSettings> {
  if (file === undefined) return settle(serverSettingsSchema.parse({}), process.cwd())
  const written = await readWithSchema(serverSettingsSchema, {
    file,
    content: withPath(file, () => readFileSync(file)),
    format: file.endsWith('.json') ? 'json' : 'yaml',
    code: 'config-invalid',
  })
  return settle(written, dirname(resolve(file)))
}

function settle(written: Written, from: string): ServerSettings {
  const path = (given: string): string => resolve(from, given)
  const { database, tls } = written
  return {
    ...written,
    state: path(written.state),
    database: {
      ...(database.sqlite === undefined ? {} : { sqlite: path(database.sqlite) }),
      ...(database.postgresUrlFile === undefined
        ? {}
        : { postgresUrlFile: path(database.postgresUrlFile) }),
    },
    tls: {
      ...tls,
      ...(tls.certificateFile === undefined ? {} : { certificateFile: path(tls.certificateFile) }),
      ...(tls.keyFile === undefined ? {} : { keyFile: path(tls.keyFile) }),
    },
    ...(written.prostagma === undefined
      ? {}
      : { prostagma: { secretFiles: written.prostagma.secretFiles.map(path) } }),
    releases: {
      ...written.releases,
      directory: path(written.releases.directory ?? join(written.state, 'releases')),
    },
    triggers: Object.fromEntries(
      Object.entries(written.triggers).map(([name, definition]) => [
        name,
        { ...definition, sources: definition.sources.map((source) => withPaths(source, path)) },
      ]),
    ),
  }
}

function withPaths(source: TriggerSource, path: (given: string) => string): TriggerSource {
  if (typeof source === 'string') return source
  return { ...source, secretFiles: source.secretFiles.map(path) }
}
