import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { AppError } from '../../../errors/index.ts'
import {
  makeDirectory,
  pathExists,
  readIfPresent,
  replaceFile,
  withPath,
} from '../../../system/index.ts'
import { parseJson } from '../adl/parse-json.ts'
import type { Camus2 } from '../camus2.ts'
import type { JsonSource, ToolConfig } from '../config/tool-config.ts'
import { needsAws } from '../needs-aws.ts'
import { sweepTemporaries } from '../sweep-leftovers.ts'

/** Milliseconds between looks for a source that is not there yet. */
const retryInterval = 10_000

/** Brings every configured source into the cache. With `retry` a source that is not there is waited for, for ever. */
export async function fetchContext(camus2: Camus2, retry: boolean): Promise<void> {
  const log = camus2.log.scope('Fetching deploy context from store')
  const { config } = camus2
  makeDirectory(config.contextCache)
  sweepTemporaries(config.contextCache)
  for (const [name, source] of config.configSources) {
    const label = sourceLabel(source)
    const path = localPath(source)
    if (retry) await waitForFile(path, { ...camus2, log })
    const cached = cachePath(config, name)
    log.info(`Downloading ${cached} from ${label}`)
    // The cache holds secrets too.
    replaceFile(
      cached,
      withPath(path, () => readFileSync(path)),
      { mode: 0o600 },
    )
  }
}

async function waitForFile(path: string, { log, clock }: Camus2): Promise<void> {
  while (!pathExists(path)) {
    log.info(`Waiting for ${path}`)
    await clock.sleep(retryInterval)
  }
}

/** Source name → its parsed content, from the cache. @throws AppError `context-invalid`. */
export function loadCachedContext(config: ToolConfig): Map<string, unknown> {
  const names = Array.from(config.configSources.keys())
  return new Map(names.map((name) => [name, readContextFile(cachePath(config, name))]))
}

/** Reads a JSON file that templates take values from. @throws AppError `context-invalid`. */
export function readContextFile(path: string): unknown {
  const text = readIfPresent(path)?.toString('utf8')
  if (text === undefined) {
    throw new AppError('context-invalid', `${path} does not exist`, {
      hint: 'run `c2 fetch-context` first',
    })
  }
  try {
    return parseJson(text, path)
  } catch (error) {
    throw new AppError('context-invalid', `Unable to parse json from ${path}`, { cause: error })
  }
}

function cachePath(config: ToolConfig, name: string): string {
  return join(config.contextCache, `${name}.json`)
}

function sourceLabel(source: JsonSource): string {
  return source.type === 'awsSecretArn' ? `AWS secret ${source.arn}` : source.path
}

function localPath(source: JsonSource): string {
  if (source.type === 'file') return source.path
  throw needsAws(`the config source ${sourceLabel(source)}`)
}
