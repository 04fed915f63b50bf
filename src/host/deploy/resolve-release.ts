import { resolve } from 'node:path'

import { AppError } from '../../errors/index.ts'
import type { ReleaseIdentity } from '../../protocol/index.ts'
import { digestFile, inspectArchive, type Manifest } from '../../release/index.ts'
import { pathExists } from '../../system/index.ts'
import type { Host } from '../host.ts'
import type { DeploymentRequest } from './deploy-context.ts'

export interface ResolvedRelease {
  readonly release: ReleaseIdentity
  readonly source: NonNullable<DeploymentRequest['source']>
  /** Of an archive given by its path; one in a store is looked at after its download. */
  readonly manifest?: Manifest
}

/** Finds the release a person named: what has a slash is the path of an archive, all else is asked of the store. */
export async function resolveRelease(host: Host, wanted: string): Promise<ResolvedRelease> {
  return wanted.includes('/') && !wanted.startsWith('sha256:')
    ? await fromPath(wanted)
    : await fromStore(host, wanted)
}

async function fromPath(wanted: string): Promise<ResolvedRelease> {
  // Not repeated: it may hold a password.
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(wanted)) {
    throw new AppError(
      'release-not-found',
      'a release is named by a path or a name, not by a URL',
      {
        hint: 'give the URL as `store` in sluice.yaml, then NAME@VERSION here',
      },
    )
  }
  const path = resolve(wanted)
  if (!pathExists(path)) {
    throw new AppError('release-not-found', `there is no archive ${path}`, {
      hint: 'make one with `sluice pack DIRECTORY`, or name a release of the store (`sluice releases`)',
    })
  }
  const { manifest } = await inspectArchive(path)
  const digest = await digestFile(path)
  return {
    release: { name: manifest.name, version: manifest.version, digest },
    source: { kind: 'path', name: path },
    manifest,
  }
}

async function fromStore(host: Host, wanted: string): Promise<ResolvedRelease> {
  if (pathExists(resolve(wanted)) && !(await isStored(host, wanted))) {
    throw new AppError('release-not-found', `the store has no release "${wanted}"`, {
      hint: `to deploy the file in this folder, say ./${wanted}`,
    })
  }
  const { file, name, version, digest } = await host.store.find(wanted)
  if (digest === undefined) {
    throw new AppError('release-not-found', `the store does not know the digest of ${file}`, {
      hint: `publish it with \`sluice publish\`, which records the digest`,
    })
  }
  return { release: { name, version, digest }, source: { kind: 'store', name: file } }
}

async function isStored(host: Host, wanted: string): Promise<boolean> {
  const stored = await host.store.list().catch(() => [])
  return stored.some(({ file }) => file === wanted)
}
