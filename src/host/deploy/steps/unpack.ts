import { dirname } from 'node:path'

import { AppError } from '../../../errors/index.ts'
import type { ReleaseIdentity } from '../../../protocol/index.ts'
import { manifestForRole, unpackArchive, type Manifest } from '../../../release/index.ts'
import { makeDirectory, pathExists, removeTree } from '../../../system/index.ts'
import { deployRecordPath, stagingPath } from '../../layout.ts'
import {
  deployDirectory,
  known,
  releaseOf,
  stagedTree,
  type DeployStep,
} from '../deploy-context.ts'
import { readDeployRecord } from '../deploy-record.ts'

/** Unpacks the archive into private staging and reads its release.json. */
export const unpack: DeployStep = {
  name: 'unpack',
  run: async (context) => {
    if (context.request.reuse) {
      const { manifest, contextHash, treeDigest } = readDeployRecord(deployDirectory(context))
      return { facts: { manifest, contextHash, treeDigest }, detail: 'already unpacked here' }
    }
    const { host, signal, request } = context
    const tree = stagedTree(context)
    removeTree(tree)
    makeDirectory(tree, 0o700)
    const archive = known(context, 'archive')
    const { files, manifest } = await unpackArchive(archive, tree, host.settings.limits, {
      report: host.report,
      signal,
      step: 'unpack',
      floor: host.settings.retention.diskFloor,
    })
    assertPlanned(manifest, releaseOf(context))
    assertOwnPlaceFree(tree)
    return {
      facts: { manifest: manifestForRole(manifest, request.role) },
      detail: `${files} files`,
    }
  },
  undo: async (context) => removeTree(stagingPath(context.host.layout, context.deployment)),
}

/** A store's index names its releases; what the release calls itself decides. */
function assertPlanned(manifest: Manifest, planned: ReleaseIdentity): void {
  if (manifest.name === planned.name && manifest.version === planned.version) return
  throw new AppError(
    'manifest-invalid',
    `release.json says ${manifest.name} ${manifest.version}, planned was ${planned.name} ${planned.version}`,
    { hint: 'the index of the store is wrong; publish the release again' },
  )
}

/** The record of the deploy is written there, and nothing that a release brings may lead it elsewhere. */
function assertOwnPlaceFree(tree: string): void {
  const place = dirname(deployRecordPath(tree))
  if (!pathExists(place)) return
  throw new AppError('archive-unsafe', 'the archive holds ".sluice", which is sluice’s own place')
}
