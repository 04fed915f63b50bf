import { AppError } from '../../errors/index.ts'
import { inspectArchive } from '../../release/index.ts'
import type { Clock } from '../../system/index.ts'
import type { PublishedRelease } from '../storage/release-records.ts'
import type { Storage } from '../storage/storage.ts'
import type { ReceivedFile } from './receive-file.ts'
import type { ReleaseFiles } from './release-files.ts'

export interface Publication {
  /** What the archive must be: its sha256, its bytes, the app whose release it is. */
  readonly digest: string
  readonly size: number
  readonly app: string
  /** Of the token. */
  readonly by: string
  readonly content: () => AsyncIterable<Buffer>
}

export interface PublishingServices {
  readonly storage: Pick<Storage, 'releases'>
  readonly archives: ReleaseFiles
  readonly clock: Clock
}

export interface Published {
  readonly release: PublishedRelease
  /** The same archive was here already; nothing was read. */
  readonly isRepeat: boolean
}

/**
 * Takes an archive in and makes it a release. The archive is durable under its digest before the row says so; a crash in
 * between leaves a file that nobody knows, which is swept later.
 * @throws AppError `digest-mismatch`, `release-exists`, `archive-…`, `manifest-…`, `disk-full`, `request-invalid`.
 */
export async function publishArchive(
  services: PublishingServices,
  publication: Publication,
): Promise<Published> {
  const { storage, archives } = services
  const { digest, size, app, content } = publication
  const present = await storage.releases.get(digest)
  if (present !== undefined && present.name !== app) throw notOf(app, present.name)
  if (present !== undefined && archives.has(present)) return { release: present, isRepeat: true }
  return await archives.receive(content(), size, async (file) => {
    const release = await describe(file, services, publication)
    const isRepeat = await admit(services, release, () => file.publish())
    return { release, isRepeat }
  })
}

/** Reads what the archive says of itself; its bytes must be those that were announced first. */
async function describe(
  file: ReceivedFile,
  { clock }: PublishingServices,
  { digest, app, by }: Publication,
): Promise<PublishedRelease> {
  if (file.digest !== digest)
    throw new AppError('digest-mismatch', `the body is sha256 ${file.digest}, not ${digest}`)
  const { manifest, size, format } = await inspectArchive(file.path)
  const { name, version } = manifest
  if (name !== app) throw notOf(app, name)
  return {
    digest,
    name,
    version,
    size,
    file: `${name}-${version}.${format}`,
    signed: null,
    publishedAt: clock.now(),
    publishedBy: by,
  }
}

/** Looks first, so that an archive that will be refused is not published for a moment. Answers whether it was there. */
async function admit(
  { storage, archives }: PublishingServices,
  release: PublishedRelease,
  publish: () => void,
): Promise<boolean> {
  const { name, version, digest } = release
  const taken = await storage.releases.find({ name, wanted: version })
  if (taken !== undefined && taken.digest !== digest) throw alreadyThere(release, taken.digest)
  publish()
  const added = await storage.releases.add(release)
  if (typeof added === 'string') return added === 'repeated'
  archives.remove(digest)
  throw alreadyThere(release, added.takenBy)
}

function notOf(app: string, name: string): AppError {
  return new AppError('request-invalid', `the archive is a release of ${name}, not of ${app}`)
}

function alreadyThere({ name, version }: PublishedRelease, digest: string): AppError {
  return new AppError(
    'release-exists',
    `the server already has another ${name} ${version}, sha256:${digest}`,
    { hint: 'releases are never overwritten; give this one another version' },
  )
}
