import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

import { readWithSchema } from '../../config/index.ts'
import { AppError } from '../../errors/index.ts'
import { ioError } from '../../system/index.ts'
import type { HostSettings } from './host-settings.ts'
import { settingsSchema } from './settings-schema.ts'

export interface SettingsPlace {
  /** Value of --config. */
  readonly config?: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly cwd: string
}

/**
 * Finds and reads sluice.yaml: --config, $SLUICE_CONFIG, ./sluice.yaml, /etc/sluice/sluice.yaml.
 * @throws AppError `config-missing` with the places tried, `config-invalid` with file, line and column.
 */
export async function readHostSettings(place: SettingsPlace): Promise<HostSettings> {
  const file = findSettings(place)
  const bytes = readBytes(file)
  const raw = await readWithSchema(settingsSchema, {
    file,
    content: bytes,
    format: file.endsWith('.json') ? 'json' : 'yaml',
    code: 'config-invalid',
  })
  const { mode = raw.proxy.driver === 'embedded' ? 'proxy' : 'socket' } = raw.proxy
  return {
    ...raw,
    file,
    proxy: { ...raw.proxy, mode } as HostSettings['proxy'],
    store: readStore(file, raw.store),
    storeTokenFile: raw.storeTokenFile,
    limits: raw.limits as HostSettings['limits'],
    user: raw.user,
    driver: raw.driver,
  }
}

function findSettings({ config, environment, cwd }: SettingsPlace): string {
  const named = config ?? environment['SLUICE_CONFIG']
  const candidates =
    named === undefined
      ? [resolve(cwd, 'sluice.yaml'), '/etc/sluice/sluice.yaml']
      : [resolve(cwd, named)]
  const found = candidates.find((candidate) => existsSync(candidate))
  if (found !== undefined) return found
  throw new AppError('config-missing', `no configuration file; tried ${candidates.join(', ')}`, {
    hint: '`sluice init` writes one',
  })
}

function readBytes(file: string): Buffer {
  try {
    // A pipe would never end, and whoever is started later could not read it again.
    if (!statSync(file).isFile()) throw new AppError('config-invalid', `${file} is not a file`)
    return readFileSync(file)
  } catch (error) {
    throw ioError(file, error)
  }
}

/** A URL as it is, or the directory's absolute path. The URL of another kind is not shown: it may hold a password. */
function readStore(file: string, store: string): string {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(store)?.[1]?.toLowerCase()
  if (scheme === undefined) return resolve(dirname(file), store)
  if (scheme === 'http' || scheme === 'https') return scheme + store.slice(scheme.length)
  throw new AppError('config-invalid', `${file}: store: there are no stores of kind "${scheme}"`, {
    hint: 'give a directory, or an http:// or https:// URL',
  })
}
