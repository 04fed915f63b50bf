import { digestFiles } from '../../release/index.ts'
import type { DeployStatus } from '../../protocol/index.ts'
import type { DeployRecord } from './deploy-record.ts'

type Drift = DeployStatus['drift'][number]

/** Files of a deploy that are not as they were staged; files the app added itself do not count. */
export async function findDrift(directory: string, record: DeployRecord): Promise<Drift[]> {
  const paths = record.files.map(({ path }) => path)
  const present = new Map((await digestFiles(directory, paths)).map((file) => [file.path, file]))
  return record.files.flatMap((staged): Drift[] => {
    const now = present.get(staged.path)
    if (now === undefined) return [{ file: staged.path, difference: 'missing' }]
    const isSame = now.digest === staged.digest && now.mode === staged.mode
    return isSame ? [] : [{ file: staged.path, difference: 'changed' }]
  })
}
