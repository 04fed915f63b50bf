import { AppError, toAppError } from '../errors/index.ts'
import type { AppDesire } from '../protocol/index.ts'
import { verifyRelease } from '../trust/index.ts'
import type { Policy } from './policy-file.ts'
import type { AppRule } from './policy-schema.ts'
import { ruleNamed } from './rule-named.ts'

// Pure: whether this host does what a server wants of it.

/** What the host knows besides. */
export interface DesireFacts {
  /** Path of the policy, for the refusal that tells what to write. */
  readonly file: string
  /** Sequence of the newest signed release of the app that was committed here. */
  readonly lowestSequence: number | undefined
  /** Account that sluice.yaml runs releases as. */
  readonly user: string | undefined
  readonly sluice: string
  /** Milliseconds since 1970. */
  readonly now: number
}

export interface Approval {
  /** To switch; undefined leaves it to the host's own rule. */
  readonly endpoints: readonly string[] | undefined
  /** The sequence that trusted keys signed; undefined when nothing was proved. */
  readonly sequence: number | undefined
  /** What a person should read although it is allowed. */
  readonly warning: string | undefined
}

/** @throws AppError `policy-refused`, `signature-…` with the reason. */
export async function judgeDesire(
  policy: Policy | undefined,
  desire: Pick<AppDesire, 'app' | 'release' | 'endpoints'>,
  facts: DesireFacts,
): Promise<Approval> {
  const rule = ruleOf(policy, desire.app, facts)
  assertNamed(desire)
  assertUser(desire.app, rule, facts)
  const endpoints = allowedEndpoints(desire, rule)
  const proved = await judgeSignature(policy as Policy, desire, {
    ...facts,
    lowestSequence: rule.lowestSequence ?? facts.lowestSequence,
  })
  return { endpoints, ...proved }
}

/** The lines are shown ready to be copied. */
function ruleOf(policy: Policy | undefined, app: string, { file }: DesireFacts): AppRule {
  const rule = ruleNamed(policy?.apps, app) ?? ruleNamed(policy?.apps, '*')
  if (rule !== undefined) return rule
  const why = policy === undefined ? `there is no ${file}` : `${file} does not name it`
  throw new AppError('policy-refused', `servers may not deploy ${app} on this host: ${why}`, {
    hint: `to allow it, write into ${file}: \`apps: { ${app}: {} }\``,
  })
}

function assertNamed({ app, release }: Pick<AppDesire, 'app' | 'release'>): void {
  if (release.name === app) return
  throw new AppError('policy-refused', `${release.name} is not a release of ${app}`)
}

function assertUser(app: string, rule: AppRule, { file, user }: DesireFacts): void {
  if (rule.user === undefined || rule.user === user) return
  const present = user === undefined ? 'names no user' : `says "${user}"`
  throw new AppError(
    'policy-refused',
    `${app} must run as "${rule.user}", and sluice.yaml ${present}`,
    { hint: `set \`user: ${rule.user}\` in sluice.yaml, or change apps.${app}.user in ${file}` },
  )
}

function allowedEndpoints(
  { app, endpoints }: Pick<AppDesire, 'app' | 'endpoints'>,
  rule: AppRule,
): readonly string[] | undefined {
  if (rule.endpoints === undefined) return endpoints
  if (endpoints === undefined) return rule.endpoints
  const foreign = endpoints.find((name) => rule.endpoints?.includes(name) === false)
  if (foreign === undefined) return endpoints
  throw new AppError('policy-refused', `servers may not switch endpoint "${foreign}" for ${app}`, {
    hint: `allowed are: ${rule.endpoints.join(', ') || 'none'}`,
  })
}

type Proof = Pick<Approval, 'sequence' | 'warning'>

async function judgeSignature(
  { signing }: Policy,
  { app, release }: Pick<AppDesire, 'app' | 'release'>,
  facts: DesireFacts,
): Promise<Proof> {
  if (signing.mode === 'off') {
    return { sequence: undefined, warning: 'signatures are not checked: signing.mode is off' }
  }
  try {
    return { sequence: await provedSequence(signing, { app, release }, facts), warning: undefined }
  } catch (error) {
    if (signing.mode === 'require') throw error
    const { message } = toAppError(error)
    return { sequence: undefined, warning: `the release is not proved: ${message}` }
  }
}

async function provedSequence(
  { keys, threshold, revoked }: Policy['signing'],
  { app, release }: Pick<AppDesire, 'app' | 'release'>,
  { lowestSequence, sluice, now, file }: DesireFacts,
): Promise<number> {
  const { signed, version, digest, size } = release
  if (signed === undefined) {
    throw new AppError('signature-missing', `${app} ${version} came without a signature`, {
      hint: `sign it with \`sluice sign\` and publish it again, or change signing.mode in ${file}`,
    })
  }
  const { statement } = await verifyRelease(
    Buffer.from(signed.statement),
    Buffer.from(signed.signatures),
    {
      keys,
      threshold,
      revoked,
      app,
      lowestSequence,
      archive: { sha256: digest, size },
      sluice,
      now,
    },
  )
  if (statement.version === version) return statement.sequence
  throw new AppError(
    'signature-statement',
    `the statement is about ${app} ${statement.version}, wanted is ${version}`,
  )
}
