import { readdirSync } from 'node:fs'
import { join } from 'node:path'

import { isDirectory } from '../../system/index.ts'
import type { Host } from '../host.ts'
import { appPaths } from '../layout.ts'

/** Path of a kept archive; whether its bytes are still right is for whoever deploys it to say. */
export function findArchive(
  { layout }: Host,
  wanted: { readonly app: string; readonly digest: string },
): string | undefined {
  const directory = join(appPaths(layout, wanted.app).releases, wanted.digest)
  if (!isDirectory(directory)) return undefined
  const [file] = readdirSync(directory)
  return file === undefined ? undefined : join(directory, file)
}
