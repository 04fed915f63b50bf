import { join, resolve } from 'node:path'

import { unpackArchive } from '../../../release/index.ts'
import { makeDirectory, removeTree } from '../../../system/index.ts'
import { scope, type Camus2 } from '../camus2.ts'
import { expandTemplate, templateOutput } from './expand-template.ts'
import { moveTreeOver } from './move-tree-over.ts'
import { fetchRelease } from './release-directory.ts'
import { readReleaseConfig } from './release-config.ts'
import { releaseContext, type Ports } from './template-context.ts'

/** Camus2 has no limits; what is left keeps bombs out. The disk's free space is a limit in any case. */
const limits = { totalBytes: 2 ** 50, entries: 2_000_000 }

export interface UnpackRequest {
  readonly release: string
  readonly directory: string
  /** A directory on the same disk that is ours alone; whatever is in it is removed. */
  readonly staging: string
  readonly ports?: Ports
}

/**
 * Brings a release into a directory and renders its templates. What is there already is overwritten or stays;
 * nothing there changes before the whole archive was unpacked and found good beside it.
 */
export async function unpackRelease(camus2: Camus2, request: UnpackRequest): Promise<void> {
  const { release, directory, staging } = request
  // Camus2 leaves the name out of this line too, and both spaces in.
  scope(camus2, `Unpacking release  to ${directory}`)
  makeDirectory(directory)
  removeTree(staging)
  makeDirectory(staging, 0o700)
  try {
    const archive = join(staging, 'archive')
    fetchRelease(camus2.config, release, archive)
    const files = join(staging, 'files')
    await unpackArchive(archive, files, limits, {
      profile: 'camus2',
      report: () => undefined,
      signal: new AbortController().signal,
      step: 'unpack',
      floor: 0,
    })
    moveTreeOver(files, directory)
    moveTreeOver(archive, join(directory, release))
  } finally {
    removeTree(staging)
  }
  expandTemplates(camus2, request)
}

function expandTemplates(camus2: Camus2, { directory, ports }: UnpackRequest): void {
  const manifest = readReleaseConfig(directory)
  const context = releaseContext(camus2.config, { directory, manifest }, ports)
  for (const path of manifest.templates) {
    const template = resolve(directory, path)
    expandTemplate(template, templateOutput(template), context)
  }
}
