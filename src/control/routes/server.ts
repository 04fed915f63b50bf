import { z } from '../../config/index.ts'
import { metricsType } from '../../metrics/index.ts'
import { sluiceVersion } from '../../system/index.ts'
import type { Answer } from '../server/error-response.ts'
import { ok, type RouteRequest, type Services } from './route.ts'

/** Alive: the process answers. */
export async function showHealth(): Promise<Answer> {
  return await Promise.resolve(ok({ status: 'ok', version: sluiceVersion }))
}

/** Ready: it takes requests and its database answers. */
export async function showReadiness(services: Services): Promise<Answer> {
  if (!services.isOpen()) return ok({ status: 'closing' }, 503)
  const isThere = await services.storage.audit.head().then(
    () => true,
    () => false,
  )
  return isThere ? ok({ status: 'ready' }) : ok({ status: 'no database' }, 503)
}

/** What this process has counted, and how the fleet stands; the latter is left out while the database does not answer. */
export async function showMetrics({ metrics, fleetMetrics }: Services): Promise<Answer> {
  const fleet = await fleetMetrics().catch(() => '')
  return { status: 200, body: `${metrics.text()}${fleet}`, contentType: metricsType }
}

export const identityQuery = z.strictObject({
  nonce: z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'is not 32 bytes in base64url'),
})

/** Proves over this very connection that we hold the key that callers pin. */
export async function proveIdentity(
  { identity }: Services,
  request: RouteRequest<unknown, z.infer<typeof identityQuery>>,
): Promise<Answer> {
  const proof = request.prove(Buffer.from(request.query.nonce, 'base64url'))
  return await Promise.resolve(ok({ id: identity.id, keyHash: identity.keyHash, proof }))
}
