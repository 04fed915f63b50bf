import type { Manifest } from '../../release/index.ts'
import type { Host } from '../host.ts'
import type { DeploymentRequest } from './deploy-context.ts'
import { targetKind } from './deploy-target.ts'
import { socketPath } from './service-spec.ts'
import { socketDirectory } from '../layout.ts'
import { AppError } from '../../errors/index.ts'

/** Longest path of a unix socket: sun_path has 108 bytes with the closing NUL. */
const longestSocketPath = 107

/** What can be refused before anything starts. The archive in a store is looked at after its download. */
export function assertServable(
  host: Host,
  request: DeploymentRequest,
  manifest: Manifest | undefined,
): void {
  if (manifest !== undefined) assertListens(host, request, manifest.listen)
}

/** @throws AppError `endpoint-unsuitable` when the switch mode cannot serve what the release offers. */
export function assertListens(
  host: Host,
  request: DeploymentRequest,
  listen: 'port' | 'socket' | 'either',
): void {
  const kind = targetKind(host.proxy, listen)
  if (request.endpoints.length > 0) host.proxy.assertSuitable({ kind })
  if (kind !== 'socket') return
  const directory = socketDirectory(host.layout, request.release?.name ?? '', request.label)
  const path = socketPath({ socketDirectory: directory }) ?? ''
  if (Buffer.byteLength(path) <= longestSocketPath) return
  throw new AppError(
    'endpoint-unsuitable',
    `the socket path ${path} is longer than ${longestSocketPath} bytes`,
    {
      hint: 'use a shorter --label LABEL, or a shorter runDir in sluice.yaml',
    },
  )
}
