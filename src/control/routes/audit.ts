import { z } from '../../config/index.ts'
import { signHead } from '../audit/signed-head.ts'
import type { Answer } from '../server/error-response.ts'
import { ok, type RouteRequest, type Services } from './route.ts'

export const readAuditQuery = z.strictObject({
  after: z
    .string()
    .regex(/^\d{1,15}$/, 'is not a whole number')
    .transform(Number)
    .default(0),
})

const pageSize = 500

/** Entries as they are kept, so that whoever reads them can follow the chain without trusting us. */
export async function readAudit(
  { storage }: Services,
  { query }: RouteRequest<unknown, z.infer<typeof readAuditQuery>>,
): Promise<Answer> {
  const entries = await storage.audit.list({ after: query.after, limit: pageSize })
  const next = entries.length < pageSize ? null : entries.at(-1)?.sequence
  return ok({ entries, next })
}

export async function readAuditHead({ storage, identity, clock }: Services): Promise<Answer> {
  const { sequence, hash } = await storage.audit.head()
  return ok(signHead(identity, { sequence, hash, at: clock.now(), epoch: storage.epoch }))
}
