import { realpathSync } from 'node:fs'
import { dirname, extname, join } from 'node:path'

import { AppError } from '../../../errors/index.ts'
import { readIfPresent } from '../../../system/index.ts'
import { decodeDocument } from '../adl/decode-document.ts'
import { parseJson } from '../adl/parse-json.ts'
import { parseYaml } from '../adl/parse-yaml.ts'
import { needsAws } from '../needs-aws.ts'
import { modernize } from './old-spellings.ts'
import { toolConfig, type ToolConfig } from './tool-config.ts'

export interface ConfigRequest {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Path of the program, links included. */
  readonly executable: string
  readonly warn: (text: string) => void
}

/** Finds and reads the configuration. @throws AppError `config-missing`, `config-invalid`. */
export async function loadConfig(request: ConfigRequest): Promise<ToolConfig> {
  const { file, text } = findConfig(configCandidates(request))
  const parsed = extname(file) === '.json' ? parseJson(text, file) : await parseYaml(text, file)
  const { config, warnings } = modernize(parsed)
  for (const warning of warnings) request.warn(`${file}: ${warning}`)
  return decodeDocument(toolConfig, { type: 'config.ToolConfig', file, value: config })
}

/** The files to look at, in order: `$CAMUS2_CONFIG` alone, or `../etc` beside the real program. */
export function configCandidates(request: Omit<ConfigRequest, 'warn'>): string[] {
  const given = request.env['CAMUS2_CONFIG']
  if (given !== undefined) return [given]
  const prefix = dirname(dirname(realpathSync(request.executable)))
  return [join(prefix, 'etc/camus2.json'), join(prefix, 'etc/camus2.yaml')]
}

function findConfig(candidates: readonly string[]): { file: string; text: string } {
  for (const file of candidates) {
    if (file.startsWith('s3://')) throw needsAws(`reading the configuration ${file}`)
    checkExtension(file)
    const bytes = readIfPresent(file)
    if (bytes !== undefined) return { file, text: bytes.toString('utf8') }
  }
  throw new AppError('config-missing', `Config file not found, tried: ${candidates.join(', ')}`)
}

function checkExtension(file: string): void {
  if (/^\.(json|yaml)$/.test(extname(file))) return
  throw new AppError(
    'config-invalid',
    `Unknown file type for config file: ${file} (expected .json or .yaml)`,
  )
}
