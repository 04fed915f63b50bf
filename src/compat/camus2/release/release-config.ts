import { join } from 'node:path'

import { AppError } from '../../../errors/index.ts'
import { readIfPresent } from '../../../system/index.ts'
import { decodeDocument } from '../adl/decode-document.ts'
import { adlString, adlStringMap, adlStruct, adlVector, type Decoder } from '../adl/decoder.ts'
import { parseJson } from '../adl/parse-json.ts'

/** release.json as Camus2 reads it; paths are relative to the release. */
export interface ReleaseConfig {
  readonly templates: readonly string[]
  readonly prestartCommand: string
  readonly startCommand: string
  readonly stopCommand: string
  readonly configSources: ReadonlyMap<string, string>
}

const releaseConfig: Decoder<ReleaseConfig> = adlStruct({
  templates: { decode: adlVector(adlString) },
  prestartCommand: { decode: adlString },
  startCommand: { decode: adlString },
  stopCommand: { decode: adlString },
  configSources: {
    decode: adlStringMap(adlString),
    fallback: () => new Map<string, string>(),
  },
})

/** Reads the release.json of an unpacked release. @throws AppError `manifest-missing`, `config-invalid`. */
export function readReleaseConfig(directory: string): ReleaseConfig {
  const file = join(directory, 'release.json')
  const text = readIfPresent(file)?.toString('utf8')
  if (text === undefined) throw new AppError('manifest-missing', `${file} does not exist`)
  const value = parseJson(text, file)
  return decodeDocument(releaseConfig, { type: 'release.ReleaseConfig', file, value })
}
