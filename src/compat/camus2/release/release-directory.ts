import {
  closeSync,
  constants,
  copyFileSync,
  fsyncSync,
  openSync,
  readdirSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'

import { AppError } from '../../../errors/index.ts'
import { withPath } from '../../../system/index.ts'
import type { ToolConfig } from '../config/tool-config.ts'
import { needsAws } from '../needs-aws.ts'

type StoreConfig = Pick<ToolConfig, 'releases'>

/** The names of all releases: the regular files of the directory, in its own order. */
export function listReleases(config: StoreConfig): string[] {
  const directory = storeDirectory(config)
  return withPath(directory, () => readdirSync(directory)).filter((name) => isFile(directory, name))
}

/** @throws AppError `release-not-found` with Camus2's words. */
export function checkReleaseExists(config: StoreConfig, release: string): void {
  const directory = storeDirectory(config)
  if (isFileName(release) && isFile(directory, release)) return
  throw new AppError(
    'release-not-found',
    `Release ${release} does not exist in release store at ${directory}`,
  )
}

/** Copies an archive out of the store; `to` must not exist, and is on the disk afterwards. */
export function fetchRelease(config: StoreConfig, release: string, to: string): void {
  checkReleaseExists(config, release)
  const from = join(storeDirectory(config), release)
  withPath(from, () => copyFileSync(from, to, constants.COPYFILE_EXCL))
  withPath(to, () => {
    const descriptor = openSync(to, 'r')
    fsyncSync(descriptor)
    closeSync(descriptor)
  })
}

function storeDirectory({ releases }: StoreConfig): string {
  if (releases.type === 'localdir') return releases.path
  throw needsAws(`the release store ${releases.path}`)
}

function isFile(directory: string, name: string): boolean {
  return statSync(join(directory, name), { throwIfNoEntry: false })?.isFile() ?? false
}

function isFileName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[/\0]/.test(name)
}
