import { readdirSync, statfsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

import { AppError } from '../../../errors/index.ts'
import { digestFile, openStore, type ReleaseStore } from '../../../release/index.ts'
import { isDirectory, makeDirectory, publishDirectory, removeTree } from '../../../system/index.ts'
import { stagingPath } from '../../layout.ts'
import { releaseOf, type DeployContext, type DeployStep } from '../deploy-context.ts'

/** Brings the archive to this host, whole and verified, as `releases/<digest>/<file>`. */
export const fetch: DeployStep = {
  name: 'fetch',
  run: async (context) => {
    if (context.request.reuse) return { detail: 'already unpacked here' }
    const present = await findVerified(context)
    if (present !== undefined)
      return { facts: { archive: present }, detail: 'already on this host' }
    const archive = await download(context)
    return { facts: { archive } }
  },
  undo: async (context) =>
    removeTree(join(stagingPath(context.host.layout, context.deployment), 'archive')),
}

/** The archive if it is here and its bytes are still right; a damaged copy is thrown away. */
async function findVerified(context: DeployContext): Promise<string | undefined> {
  const { digest } = releaseOf(context)
  const directory = join(context.app.paths.releases, digest)
  if (!isDirectory(directory)) return undefined
  // Its statement and signatures lie beside it.
  const file = readdirSync(directory).find((name) => !/\.statement\.json(\.minisig)?$/.test(name))
  const archive = join(directory, file ?? '')
  if (file !== undefined && (await digestFile(archive)) === digest) return archive
  context.host.report({
    type: 'notice',
    level: 'warning',
    text: `${archive} is damaged and is fetched again`,
  })
  removeTree(directory)
  return undefined
}

async function download(context: DeployContext): Promise<string> {
  const { host, app, request, signal } = context
  const { store, name } = sourceOf(context)
  const release = await store.find(name)
  assertRoom(host.layout.root, release.size ?? 0, host.settings.retention.diskFloor)
  const { digest } = releaseOf(context)
  const staging = join(stagingPath(host.layout, context.deployment), 'archive')
  makeDirectory(staging, 0o700)
  const file = basename(release.file)
  const fetched = await store.fetch(release, {
    to: join(staging, file),
    report: host.report,
    signal,
    step: 'fetch',
  })
  if (fetched.digest !== digest) {
    throw new AppError('digest-mismatch', `${file} is ${fetched.digest}, planned was ${digest}`, {
      hint: `the release changed between plan and fetch; deploy ${request.release?.name ?? 'it'} again`,
    })
  }
  const final = join(app.paths.releases, digest)
  publishDirectory(staging, final)
  return join(final, file)
}

function sourceOf({ host, request }: DeployContext): { store: ReleaseStore; name: string } {
  const { source } = request
  if (source === undefined) {
    throw new AppError(
      'release-not-found',
      `the archive of ${request.release?.name} is no longer on this host`,
      {
        hint: 'deploy the release from its store instead',
      },
    )
  }
  if (source.kind === 'store') return { store: host.store, name: source.name }
  const store = openStore(dirname(source.name), { clock: host.clock })
  return { store, name: basename(source.name) }
}

/** Refuses before the first byte when the download would go below the disk floor. */
function assertRoom(root: string, size: number, floor: number): void {
  const disk = statfsSync(root)
  const free = disk.bavail * disk.bsize
  if (free - size >= floor) return
  throw new AppError(
    'disk-full',
    `${free} bytes are free, the release needs ${size} and ${floor} must stay free`,
    {
      hint: 'run `sluice prune`, or lower retention.diskFloor in sluice.yaml',
    },
  )
}
