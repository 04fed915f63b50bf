import { dirname } from 'node:path'

import { AppError } from '../../errors/index.ts'
import type { ReleaseIdentity } from '../../protocol/index.ts'
import type { Manifest } from '../../release/index.ts'
import { makeDirectory, readIfPresent, removeUnfinished, replaceFile } from '../../system/index.ts'
import { deployRecordPath } from '../layout.ts'

/** What a deploy's directory says of itself; a directory without it is not a deploy. */
export interface DeployRecord {
  readonly deployment: string
  readonly label: string
  readonly release: ReleaseIdentity
  readonly role: string | undefined
  /** With the role's overrides applied. */
  readonly manifest: Manifest
  readonly contextHash: string
  /** Over all files as they were staged; see `files`. */
  readonly treeDigest: string
  readonly files: readonly {
    readonly path: string
    readonly mode: number
    readonly digest: string
  }[]
  /** Paths the release's templates were rendered to. */
  readonly rendered: readonly string[]
}

/** Written into the tree before it is published; makes the tree complete. */
export function writeDeployRecord(directory: string, record: DeployRecord): void {
  const path = deployRecordPath(directory)
  makeDirectory(dirname(path), 0o700)
  removeUnfinished(path)
  replaceFile(path, `${JSON.stringify(record)}\n`)
}

export function findDeployRecord(directory: string): DeployRecord | undefined {
  const text = readIfPresent(deployRecordPath(directory))?.toString('utf8')
  return text === undefined ? undefined : (JSON.parse(text) as DeployRecord)
}

/** @throws AppError `not-found` when the directory is gone or was never completed. */
export function readDeployRecord(directory: string): DeployRecord {
  const record = findDeployRecord(directory)
  if (record === undefined) {
    throw new AppError('not-found', `${directory} is not a complete deploy`, {
      hint: 'deploy the release again; `sluice prune` removes what is left',
    })
  }
  return record
}
