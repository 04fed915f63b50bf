import { statSync } from 'node:fs'
import { resolve } from 'node:path'

import { isName } from '../../config/index.ts'
import { AppError } from '../../errors/index.ts'
import {
  digestFile,
  inspectArchive,
  statementFiles,
  type StoredRelease,
} from '../../release/index.ts'
import { pathExists, systemClock, withPath } from '../../system/index.ts'
import type { CliContext } from '../context.ts'
import { readStatementFiles } from '../signing/statement-files.ts'
import { readPages } from './read-pages.ts'
import { openServerClient, type ServerClient } from './server-client.ts'
import type { ServerValues } from './server-options.ts'

export interface ReleaseView {
  readonly digest: string
  readonly name: string
  readonly version: string
  readonly size: number
  readonly file: string
  readonly published: string
  readonly publishedBy: string
  readonly isSigned: boolean
}

/** A release of the server as commands show those of any store. */
export function storedRelease(
  release: ReleaseView,
): StoredRelease & { readonly isSigned: boolean } {
  const { digest, name, version, size, file, published, isSigned } = release
  return { file, name, version, digest, size, publishedAt: Date.parse(published), isSigned }
}

/** Publishes an archive, and the statement that lies beside it; both may be repeated. */
export async function publishOnServer(
  context: CliContext,
  values: ServerValues,
  archive: string,
): Promise<ReleaseView> {
  const path = resolve(context.cwd, archive)
  if (!pathExists(path))
    throw new AppError('not-found', `there is no archive ${path}`, {
      hint: 'make one with `sluice pack DIRECTORY`',
    })
  const client = openServerClient(context, values)
  const { manifest } = await inspectArchive(path)
  const release = await upload(context, client, { path, app: manifest.name })
  return await sign(client, path, release)
}

const tries = 4

/** From the beginning each time; the server keeps nothing of an upload that was cut. */
async function upload(
  { signal, report }: CliContext,
  client: ServerClient,
  { path, app }: { readonly path: string; readonly app: string },
): Promise<ReleaseView> {
  const digest = await digestFile(path)
  const { size } = withPath(path, () => statSync(path))
  const onProgress = (done: number): void =>
    report({ type: 'step-progress', step: 'upload', done, total: size, unit: 'bytes' })
  for (let attempt = 1; ; attempt++) {
    try {
      return await client.upload(`/v1/releases/${digest}?app=${app}`, { path, size, onProgress })
    } catch (thrown) {
      const isPassing = thrown instanceof AppError && passing.has(thrown.code)
      if (!isPassing || attempt === tries) throw thrown
      await systemClock.sleep(attempt * 1000, signal)
    }
  }
}

const passing = new Set<string>(['server-unreachable', 'database-unavailable'])

async function sign(
  client: ServerClient,
  archive: string,
  release: ReleaseView,
): Promise<ReleaseView> {
  const signed = readStatementFiles(archive)
  if (signed === undefined) {
    assertNeither(archive)
    return release
  }
  return await client.ask({
    method: 'PUT',
    path: `/v1/releases/${release.digest}/statement?app=${release.name}`,
    body: { statement: signed.statement.toString(), signatures: signed.signature.toString() },
  })
}

/** One of the two alone is a file that was lost, not a release that nobody signed. */
function assertNeither(archive: string): void {
  const { statement, signature } = statementFiles(archive)
  if (!pathExists(statement) && !pathExists(signature)) return
  throw new AppError('signature-missing', `${statement} or ${signature} is missing`, {
    hint: `the archive is published; sluice sign ${archive} --key FILE, then publish again`,
  })
}

export async function listReleasesOfServer(
  context: CliContext,
  values: ServerValues,
  name: string | undefined,
): Promise<ReleaseView[]> {
  if (name !== undefined && !isName(name, 32))
    throw new AppError('usage', `${JSON.stringify(name)} is not an app name`)
  const client = openServerClient(context, values)
  const filter = name === undefined ? '' : `&name=${name}`
  const releases: ReleaseView[] = []
  const pathOf = (from: string): string => {
    const before = from === '' ? '' : `&before=${from}`
    return `/v1/releases${`${filter}${before}`.replace('&', '?')}`
  }
  const pages = readPages<{ releases: ReleaseView[]; next: string | null }>(client, '', pathOf)
  for await (const page of pages) releases.push(...page.releases)
  return releases
}
