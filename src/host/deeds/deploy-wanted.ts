import { AppError } from '../../errors/index.ts'
import type { DeploymentResult, GatedBy, ReleaseIdentity } from '../../protocol/index.ts'
import { withSettledApp } from '../deploy/lock-app.ts'
import { requestDeploy } from '../deploy/plan-request.ts'
import { assertServable } from '../deploy/preflight.ts'
import type { ResolvedRelease } from '../deploy/resolve-release.ts'
import { continueDeployment, runDeployment } from '../deploy/run-deployment.ts'
import { configuredRoutes, type Host } from '../host.ts'
import { digestFile, inspectArchive } from '../../release/index.ts'
import { withLockedApp } from '../state/locked-app.ts'

/** A deployment that a server wants of this host. */
export interface WantedDeployment {
  readonly release: ReleaseIdentity
  /** Path of its archive on this host. */
  readonly archive: string
  readonly endpoints?: readonly string[]
  readonly gated: GatedBy
}

/**
 * Takes a release live by the steps of `deployRelease`, waiting at the host's gate before the switch and before the
 * commit. @throws AppError `held` when a person has worked on the app, `digest-mismatch`, `release-mismatch`.
 */
export async function deployWanted(
  host: Host,
  wanted: WantedDeployment,
): Promise<DeploymentResult> {
  const resolved = await openAnnounced(wanted)
  const { name, version } = wanted.release
  return await withSettledApp(host, name, `deploy ${name} ${version}`, async (app) => {
    const { hold } = app.state
    if (hold !== undefined) throw held(name, hold.by)
    const { endpoints, gated } = wanted
    const wish = endpoints === undefined ? {} : { endpoints }
    const present = { state: app.state, table: configuredRoutes(host) }
    const request = requestDeploy(present, wish, resolved)
    assertServable(host, request, resolved.manifest)
    return await runDeployment(host, app, { kind: 'deploy', request: { ...request, gated } })
  })
}

/** Takes up a server's deployment that was interrupted; undefined when it has ended meanwhile. */
export async function continueWanted(
  host: Host,
  wish: {
    readonly app: string
    readonly deployment: string
    readonly direction: 'forward' | 'back'
  },
): Promise<DeploymentResult | undefined> {
  const { layout, clock, wait, signal } = host
  const purpose = `${wish.direction === 'forward' ? 'resume' : 'revert'} ${wish.deployment}`
  return await withLockedApp(layout, wish.app, { purpose, clock, wait, signal }, async (app) => {
    if (app.state.unfinished !== wish.deployment) return undefined
    return await continueDeployment(host, app, wish.direction)
  })
}

/**
 * The policy was asked about the announced release, so no other may come of its archive. The bytes come first: what a
 * damaged copy holds is not the release's fault.
 */
async function openAnnounced({ archive, release }: WantedDeployment): Promise<ResolvedRelease> {
  const digest = await digestFile(archive)
  if (digest !== release.digest) {
    const problem = `${archive} is sha256:${digest}, announced was sha256:${release.digest}`
    throw new AppError('digest-mismatch', problem)
  }
  const { manifest } = await inspectArchive(archive)
  const { name, version } = manifest
  if (name === release.name && version === release.version)
    return { release, source: { kind: 'path', name: archive }, manifest }
  throw new AppError(
    'release-mismatch',
    `the archive is ${name} ${version}, announced was ${release.name} ${release.version}`,
  )
}

function held(app: string, by: string): AppError {
  return new AppError('held', `${by} works on ${app} on this host`, {
    hint: `\`sluice release-hold ${app}\` lets the server work on it again`,
  })
}
