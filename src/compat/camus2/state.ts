import { join } from 'node:path'

import { readIfPresent, replaceFile } from '../../system/index.ts'
import { decodeDocument } from './adl/decode-document.ts'
import {
  adlString,
  adlStringMap,
  adlStruct,
  adlWord32,
  sortedByKey,
  type Decoder,
} from './adl/decoder.ts'
import { parseJson } from './adl/parse-json.ts'
import type { ToolConfig } from './config/tool-config.ts'
import { proxyDirectory } from './deploys-directory.ts'

export interface Deploy {
  readonly label: string
  readonly release: string
  readonly port: number
}

/** What runs and what serves. Both maps are in label order. */
export interface State {
  readonly deploys: ReadonlyMap<string, Deploy>
  /** Endpoint label → deploy label. */
  readonly connections: ReadonlyMap<string, string>
}

const deploy: Decoder<Deploy> = adlStruct({
  label: { decode: adlString },
  release: { decode: adlString },
  port: { decode: adlWord32 },
})

const state: Decoder<State> = adlStruct({
  deploys: { decode: adlStringMap(deploy) },
  connections: { decode: adlStringMap(adlString) },
})

/** Reads state.json; a missing file is an empty state, a damaged one an error. */
export function readState(config: ToolConfig): State {
  const file = statePath(config)
  const text = readIfPresent(file)?.toString('utf8')
  if (text === undefined) return { deploys: new Map(), connections: new Map() }
  return decodeDocument(state, { type: 'state.State', file, value: parseJson(text, file) })
}

export function writeState(config: ToolConfig, next: State): void {
  replaceFile(statePath(config), JSON.stringify(stateToJson(next)), { mode: 0o644 })
}

export function stateToJson(from: State): unknown {
  return {
    deploys: Object.fromEntries(from.deploys),
    connections: Object.fromEntries(from.connections),
  }
}

/** A copy of a map with one entry set (or removed, when undefined), in key order. */
export function withEntry<T>(
  map: ReadonlyMap<string, T>,
  key: string,
  value: T | undefined,
): ReadonlyMap<string, T> {
  const next = new Map(map)
  if (value === undefined) next.delete(key)
  else next.set(key, value)
  return new Map(sortedByKey(next))
}

function statePath(config: ToolConfig): string {
  return join(proxyDirectory(config), 'state.json')
}
