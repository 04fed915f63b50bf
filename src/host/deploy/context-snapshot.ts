import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { parseDocument } from '../../config/index.ts'
import { AppError } from '../../errors/index.ts'
import { ioError, readIfPresent, replaceFile } from '../../system/index.ts'
import { known, releaseOf, type DeployContext } from './deploy-context.ts'
import { ownEntry } from './own-deploy.ts'
import { socketPath } from './service-spec.ts'

/** What templates see. */
export type ContextValues = Readonly<Record<string, unknown>>

/**
 * One snapshot of the configuration for the whole deployment: the host's sources, or the recorded ones that a
 * rollback goes back to, plus what this deploy is. `hash` covers the sources only.
 */
export async function takeContext(
  context: DeployContext,
  tree: string,
): Promise<{ readonly values: ContextValues; readonly hash: string }> {
  const sources = readSnapshot(context) ?? (await readSources(context, tree))
  const text = JSON.stringify(sources)
  const hash = createHash('sha256').update(text).digest('hex')
  const file = join(context.app.paths.contexts, `${hash}.json`)
  // It may hold secrets, so only we may read it.
  if (readIfPresent(file) === undefined) replaceFile(file, text, { mode: 0o600 })
  return { values: { ...sources, ...describeDeploy(context) }, hash }
}

function readSnapshot({ app, request }: DeployContext): Record<string, unknown> | undefined {
  if (request.contextHash === undefined) return undefined
  const file = join(app.paths.contexts, `${request.contextHash}.json`)
  const text = readIfPresent(file)?.toString('utf8')
  if (text === undefined) {
    throw new AppError(
      'context-invalid',
      `the recorded configuration ${request.contextHash.slice(0, 12)} is gone`,
      {
        hint: 'deploy the release again to use the present configuration',
      },
    )
  }
  return JSON.parse(text) as Record<string, unknown>
}

/** The release's own sources, overridden by the host's of the same name. */
async function readSources(context: DeployContext, tree: string): Promise<Record<string, unknown>> {
  const fromRelease = Object.entries(known(context, 'manifest').configSources)
  const fromHost = Object.entries(context.host.settings.configSources)
  const files = new Map([
    ...fromRelease.map(([name, path]) => [name, join(tree, path)] as const),
    ...fromHost,
  ])
  const names = [...files.keys()].toSorted()
  const values: [string, unknown][] = []
  for (const name of names) values.push([name, await readSource(name, files.get(name) ?? '')])
  return Object.fromEntries(values)
}

async function readSource(name: string, file: string): Promise<unknown> {
  let bytes: Buffer
  try {
    bytes = readFileSync(file)
  } catch (error) {
    throw new AppError(
      'context-invalid',
      `configuration source "${name}": ${ioError(file, error).message}`,
      { hint: 'correct `configSources` in sluice.yaml or release.json', cause: error },
    )
  }
  const format = file.endsWith('.json') ? 'json' : 'yaml'
  const { value } = await parseDocument({ file, content: bytes, format, code: 'context-invalid' })
  return value
}

function describeDeploy(context: DeployContext): Record<string, unknown> {
  const entry = ownEntry(context)
  const { name, version, digest } = releaseOf(context)
  const socket = socketPath(entry)
  return {
    ...(entry.port === undefined ? {} : { port: entry.port, ports: { http: entry.port } }),
    ...(socket === undefined ? {} : { socket }),
    release: { name, version, digest, label: entry.label },
    host: context.host.settings.host,
  }
}
