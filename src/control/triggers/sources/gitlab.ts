import { isSameSecret } from '../../../trust/index.ts'
import { anyFits, refusedHook, sha256 } from './delivery.ts'
import type { Delivery, HookRequest } from './delivery.ts'

/**
 * GitLab: the secret itself in `X-Gitlab-Token`, so only over TLS. A repeat is known by its id, else by its body.
 * GitLab's signing tokens are Standard Webhooks: configure that source for them.
 * @throws AppError `hook-refused`.
 */
export function acceptGitlab(
  { headers, body }: HookRequest,
  { secrets }: { readonly secrets: readonly string[] },
): Delivery {
  const given = headers.get('x-gitlab-token')
  const isKnown = anyFits(secrets, (secret) => isSameSecret(secret, given ?? ''))
  if (given === undefined || !isKnown) throw refusedHook()
  const digest = sha256(body)
  const id = headers.get('idempotency-key') ?? headers.get('x-gitlab-event-uuid')
  if (id !== undefined && !/^[\x21-\x7e]{1,128}$/.test(id)) throw refusedHook()
  return { source: 'gitlab', key: `gitlab:${id ?? digest}`, digest }
}
