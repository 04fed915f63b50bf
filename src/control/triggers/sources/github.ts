import { isSameSecret } from '../../../trust/index.ts'
import { anyFits, hmac, refusedHook, sha256 } from './delivery.ts'
import type { Delivery, HookRequest } from './delivery.ts'

export interface GithubRules {
  readonly secrets: readonly string[]
  readonly events: readonly string[]
  /** Any ref unless given. */
  readonly refs?: readonly string[] | undefined
}

/**
 * GitHub: `X-Hub-Signature-256: sha256=` and 64 lower-case hexadecimal digits, HMAC-SHA256 over the raw body.
 * There is no time in it, and the delivery's id is not signed; so a repeat is known by the body itself.
 * @throws AppError `hook-refused`.
 */
export function acceptGithub({ headers, body }: HookRequest, rules: GithubRules): Delivery {
  const [, given] = /^sha256=([0-9a-f]{64})$/.exec(headers.get('x-hub-signature-256') ?? '') ?? []
  const isSigned = anyFits(rules.secrets, (secret) =>
    isSameSecret(hmac(secret, body), Buffer.from(given ?? '', 'hex')),
  )
  if (given === undefined || !isSigned) throw refusedHook()
  const digest = sha256(body)
  const delivery = { source: 'github', key: `github:${digest}`, digest }
  const ignored = reasonToIgnore(headers.get('x-github-event') ?? '', body, rules)
  return ignored === undefined ? delivery : { ...delivery, ignored }
}

function reasonToIgnore(
  event: string,
  body: Buffer,
  { events, refs }: GithubRules,
): string | undefined {
  if (!events.includes(event)) return 'event'
  if (refs === undefined) return undefined
  return refs.includes(refOf(body)) ? undefined : 'ref'
}

/** The branch or tag that a push is about; a form's body, which GitHub can send too, has none that we read. */
function refOf(body: Buffer): string {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    const isRecord = typeof value === 'object' && value !== null && 'ref' in value
    return isRecord && typeof value.ref === 'string' ? value.ref : ''
  } catch {
    return ''
  }
}
