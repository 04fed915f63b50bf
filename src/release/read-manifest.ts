import { AppError } from '../errors/index.ts'
import { parseArchiveName } from './archive-name.ts'
import type { Manifest, RoleOverrides } from './manifest.ts'
import type { WrittenManifest, WrittenRole } from './manifest-schema.ts'

/** Where the manifest lies in a release. */
export const manifestFile = 'release.json'

/** Larger manifests are refused. */
const manifestLimit = 1024 * 1024

/**
 * Reads release.json, checks it and fills in the defaults; name and version come from the archive's file name where
 * the file does not give them.
 * @throws AppError `manifest-invalid` with file, line and column.
 */
export async function readManifest(
  text: string | Uint8Array,
  file: string,
  archiveName: string,
): Promise<Manifest> {
  // Loaded only now: the schemas cost more start-up time than most commands take.
  const { readWithSchema } = await import('../config/index.ts')
  const { manifestSchema } = await import('./manifest-schema.ts')
  const source = { file, content: text, format: 'json', code: 'manifest-invalid' } as const
  const written = await readWithSchema(manifestSchema, source)
  const identity = await identify(written, file, archiveName)
  const manifest = { ...identity, ...fillIn(written), roles: readRoles(written) }
  assertConsistent(manifest, file)
  for (const role of Object.keys(manifest.roles)) {
    assertConsistent(manifestForRole(manifest, role), `${file}: role ${role}`)
  }
  return manifest
}

/** The manifest as it counts on a host of a role; a role without overrides has the release's own. */
export function manifestForRole(manifest: Manifest, role: string | undefined): Manifest {
  const overrides = role === undefined ? undefined : manifest.roles[role]
  if (overrides === undefined) return manifest
  // A role that names its own way to run does not inherit the other way.
  const replaced: RoleOverrides =
    overrides.service !== undefined
      ? { startCommand: '', stopCommand: '' }
      : overrides.startCommand !== undefined
        ? { service: undefined }
        : {}
  return { ...manifest, ...replaced, ...overrides }
}

export function missingManifest(archiveName: string): AppError {
  return new AppError('manifest-missing', `${archiveName} has no ${manifestFile} at its root`, {
    hint: 'pack the directory that holds release.json, not its parent',
  })
}

export function assertManifestSize(size: number): void {
  if (size <= manifestLimit) return
  throw new AppError('manifest-invalid', `${manifestFile} has ${size} bytes, more than 1 MiB`)
}

async function identify(
  written: WrittenManifest,
  file: string,
  archiveName: string,
): Promise<{ name: string; version: string }> {
  const { identitySchema } = await import('./manifest-schema.ts')
  const named = parseArchiveName(archiveName)
  const identity = {
    name: written.name ?? named.name,
    version: written.version ?? named.version,
  }
  if (identitySchema.safeParse(identity).success) return identity
  const missing = written.name === undefined ? 'name' : 'version'
  const problem = `has no "${missing}", and the file name ${JSON.stringify(archiveName)} gives none that is allowed`
  throw new AppError('manifest-invalid', `${file}: ${problem}`, {
    hint: `add "${missing}" to ${file}`,
  })
}

function fillIn(written: WrittenManifest): Omit<Manifest, 'name' | 'version' | 'roles'> {
  return {
    templates: written.templates ?? [],
    configSources: written.configSources ?? {},
    prestartCommand: written.prestartCommand ?? '',
    startCommand: written.startCommand ?? '',
    stopCommand: written.stopCommand ?? '',
    service: written.service,
    listen: written.listen ?? 'port',
    check: written.check,
    drain: written.drain ?? { timeout: 30_000 },
    migrate: readMigrate(written.migrate),
    shared: written.shared ?? { files: [], directories: [] },
    hooks: readHooks(written.hooks),
  }
}

function readRoles(written: WrittenManifest): Readonly<Record<string, RoleOverrides>> {
  const roles = Object.entries(written.roles ?? {})
  return Object.fromEntries(roles.map(([role, overrides]) => [role, readRole(overrides)]))
}

/** Only the keys that were written: an absent one must not hide the release's own. */
function readRole(written: WrittenRole): RoleOverrides {
  const { migrate, hooks, ...plain } = written
  return {
    ...withoutUndefined(plain),
    ...(migrate === undefined ? {} : { migrate: readMigrate(migrate) }),
    ...(hooks === undefined ? {} : { hooks: readHooks(hooks) }),
  }
}

function withoutUndefined(values: Omit<WrittenRole, 'migrate' | 'hooks'>): RoleOverrides {
  const given = Object.entries(values).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given)
}

function readMigrate(migrate: WrittenManifest['migrate']): Manifest['migrate'] {
  return migrate === undefined ? undefined : { ...migrate, undoCommand: migrate.undoCommand }
}

function readHooks(hooks: WrittenManifest['hooks']): Manifest['hooks'] {
  return { afterSwitch: hooks?.afterSwitch, afterStop: hooks?.afterStop }
}

function assertConsistent(manifest: Manifest, place: string): void {
  const problem = findConflict(manifest)
  if (problem !== undefined) throw new AppError('manifest-invalid', `${place}: ${problem}`)
}

function findConflict(manifest: Manifest): string | undefined {
  const { service, startCommand, stopCommand, templates, shared } = manifest
  if (service !== undefined && (startCommand !== '' || stopCommand !== '')) {
    return '"service" and "startCommand"/"stopCommand" exclude each other; give one way to run'
  }
  const rendered = templates.map((path) => path.replace(/\.[^./]+$/, ''))
  const repeated = rendered.find((path, index) => rendered.indexOf(path) !== index)
  if (repeated !== undefined) return `two templates are rendered to ${JSON.stringify(repeated)}`
  return findNested([...shared.files, ...shared.directories])
}

function findNested(paths: readonly string[]): string | undefined {
  for (const [index, path] of paths.entries()) {
    const other = paths.find(
      (candidate, position) =>
        position !== index && (candidate === path || candidate.startsWith(`${path}/`)),
    )
    if (other !== undefined) {
      return `"shared" has ${JSON.stringify(other)} and ${JSON.stringify(path)}, one within the other`
    }
  }
  return undefined
}
