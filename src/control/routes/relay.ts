import { z } from '../../config/index.ts'
import { AppError } from '../../errors/index.ts'
import type { Answer } from '../server/error-response.ts'
import type { RouteRequest, Services } from './route.ts'

export const useRelayQuery = z.strictObject({
  url: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,5464}$/, 'is not an address in base64url of at most 4096 characters')
    .transform((text) => Buffer.from(text, 'base64url').toString('latin1')),
  digest: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'is not a sha256 in hexadecimal')
    .optional(),
})

/** A file from elsewhere, for hosts that cannot go there. */
export async function readThroughRelay(
  { relay }: Services,
  { query }: RouteRequest<unknown, z.infer<typeof useRelayQuery>>,
): Promise<Answer> {
  if (relay === undefined)
    throw new AppError('not-found', 'this server fetches nothing for others', {
      hint: 'name the origins in `relay` of sluice-server.yaml',
    })
  const { url, digest } = query
  return { status: 200, body: undefined, file: await relay.open({ url, digest }) }
}
