import { appName, z } from '../../config/index.ts'
import { AppError } from '../../errors/index.ts'
import { parseStatement } from '../../trust/index.ts'
import { publishArchive } from '../releases/publish-archive.ts'
import type { Answer } from '../server/error-response.ts'
import type { PublishedRelease } from '../storage/release-records.ts'
import { missing } from './missing.ts'
import { ok, type RouteRequest, type Services } from './route.ts'

/** Bytes of one archive. */
export const largestArchive = 4 * 1024 ** 3

/** Whose release it is; the archive must say the same. */
export const publishQuery = z.strictObject({ app: appName })
type PublishQuery = z.infer<typeof publishQuery>

export const signedBody = z.strictObject({
  statement: z.string().min(1).max(65_536),
  signatures: z.string().min(1).max(65_536),
})

export async function publishRelease(
  services: Services,
  request: RouteRequest<unknown, PublishQuery>,
): Promise<Answer> {
  const { digest = '' } = request.params
  const by = request.holder?.id ?? ''
  const size = readLength(request.headers)
  const { app } = request.query
  const publication = { digest, size, app, by, content: request.stream }
  const { release, isRepeat } = await publishArchive(services, publication)
  await record(request, 'publish-release', release)
  return ok({ ...viewOf(release), isRepeat }, isRepeat ? 200 : 201)
}

/** The size is known before the first byte, so that the disk is looked at before it is filled. */
function readLength(headers: ReadonlyMap<string, string>): number {
  const length = Number(headers.get('content-length') ?? 0)
  if (length > 0) return length
  throw new AppError('request-invalid', 'the body is empty or does not tell its length', {
    hint: 'send Content-Length',
  })
}

/** The statement must be about this very archive; who signed it, hosts decide. */
export async function signRelease(
  services: Services,
  request: RouteRequest<z.infer<typeof signedBody>, PublishQuery>,
): Promise<Answer> {
  const { digest = '' } = request.params
  const release = await services.storage.releases.get(digest)
  if (release === undefined || release.name !== request.query.app) throw missing(request.params)
  await assertAbout(request.body.statement, release)
  await services.storage.releases.sign(digest, request.body)
  await record(request, 'sign-release', release)
  return ok(viewOf({ ...release, signed: request.body }))
}

async function assertAbout(statement: string, release: PublishedRelease): Promise<void> {
  const said = await parseStatement(Buffer.from(statement))
  const { sha256, size } = said.archive
  const isOfIt = said.app === release.name && said.version === release.version
  if (isOfIt && sha256 === release.digest && size === release.size) return
  const other = `${said.app} ${said.version}, sha256:${sha256}`
  throw new AppError('signature-archive', `the statement is about another archive: ${other}`)
}

async function record(
  request: RouteRequest,
  what: string,
  { name, version, digest }: PublishedRelease,
): Promise<void> {
  const who = `token ${request.holder?.id ?? ''}`
  await request.audit({ who, what, object: `${name}@${version} sha256:${digest}`, outcome: 'ok' })
}

export const listReleasesQuery = z.strictObject({
  name: appName.optional(),
  before: z
    .string()
    .regex(/^\d{1,15}-[0-9a-f]{64}$/, 'is not what `next` of another answer was')
    .transform((text) => {
      const [time, digest = ''] = text.split('-')
      return { publishedAt: Number(time), digest }
    })
    .optional(),
})

const pageSize = 200

export async function listReleases(
  { storage }: Services,
  { query }: RouteRequest<unknown, z.infer<typeof listReleasesQuery>>,
): Promise<Answer> {
  const releases = await storage.releases.list({ ...query, limit: pageSize })
  const last = releases.at(-1)
  const isMore = last !== undefined && releases.length === pageSize
  const next = isMore ? `${last.publishedAt}-${last.digest}` : null
  return ok({ releases: releases.map(viewOf), next })
}

export async function showRelease(services: Services, request: RouteRequest): Promise<Answer> {
  const release = await findRelease(services, request)
  const { statement = null, signatures = null } = release.signed ?? {}
  return ok({ ...viewOf(release), statement, signatures })
}

export async function readRelease(services: Services, request: RouteRequest): Promise<Answer> {
  return sendArchive(services, request, await findRelease(services, request))
}

/** For agents: what is not meant for their host does not exist for them. */
export async function fetchRelease(services: Services, request: RouteRequest): Promise<Answer> {
  const release = await findRelease(services, request)
  const agent = request.holder?.id ?? ''
  const isMeant = await services.storage.releases.isMeantFor(agent, release.digest)
  if (!isMeant) throw missing(request.params)
  return sendArchive(services, request, release)
}

async function findRelease(
  { storage }: Services,
  { params }: RouteRequest,
): Promise<PublishedRelease> {
  const release = await storage.releases.get(params['digest'] ?? '')
  if (release === undefined) throw missing(params)
  return release
}

function sendArchive(
  { archives }: Services,
  { params }: RouteRequest,
  release: PublishedRelease,
): Answer {
  const file = archives.open(release)
  // Somebody has removed it by hand; publishing it again brings it back.
  if (file === undefined) throw missing(params)
  return { status: 200, body: undefined, file }
}

function viewOf({ publishedAt, signed, ...release }: PublishedRelease) {
  return { ...release, published: new Date(publishedAt).toISOString(), isSigned: signed !== null }
}
