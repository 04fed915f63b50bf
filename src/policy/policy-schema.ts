import { appName, duration, z } from '../config/index.ts'
import { toAppError } from '../errors/index.ts'
import { parsePublicKey } from '../trust/index.ts'

// policy.yaml as it is written. What it does not name is not allowed.

const absolutePath = z.string().regex(/^\/[^\0\n]*$/, 'is not an absolute path')

/** A public key as one line, or the path of a `.pub` file. */
const key = z.string().superRefine((text, context) => {
  if (text.startsWith('/')) return
  try {
    parsePublicKey(text)
  } catch (error) {
    context.addIssue({ code: 'custom', message: `is no key: ${toAppError(error).message}` })
  }
})

const keyId = z.string().regex(/^[0-9A-F]{16}$/, 'is not a key id such as BC88F7C61B6B7E9E')

const signing = z
  .strictObject({
    /** `require` as soon as a key is named, else `warn`. */
    mode: z.enum(['require', 'warn', 'off']).optional(),
    keys: z.array(key).max(100).default([]),
    threshold: z.int().min(1).default(1),
    revoked: z.array(keyId).max(1000).default([]),
  })
  .superRefine(({ mode, keys, threshold }, context) => {
    if (mode === 'require' && keys.length === 0) {
      const message = 'needs `keys`: without one every release is refused'
      context.addIssue({ code: 'custom', path: ['mode'], message })
    }
    if (keys.length > 0 && threshold > keys.length) {
      const message = `asks for more keys than the ${keys.length} that are named`
      context.addIssue({ code: 'custom', path: ['threshold'], message })
    }
  })

const appRule = z.strictObject({
  /** Account that sluice.yaml must run its releases as. */
  user: z.string().min(1).optional(),
  /** Takes the place of the sequence that the host remembers: the way to allow a lower one. */
  lowestSequence: z.int().nonnegative().optional(),
  /** The only endpoints that a server may switch for it. */
  endpoints: z.array(z.string().min(1).max(64)).max(64).optional(),
})

const scriptRule = z.strictObject({
  file: absolutePath,
  /** Account its commands run as; that of `sluice host serve` unless given. */
  user: z.string().min(1).optional(),
  /** For the whole script. */
  timeout: duration({ min: 1000 }).optional(),
})

const origin = z.string().refine(isOrigin, 'is not an origin such as https://files.example.org')

function isOrigin(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url !== undefined && /^https?:$/.test(url.protocol) && url.origin === text
}

export const policySchema = z.strictObject({
  signing: signing.prefault({}),
  /** By name; `'*'` stands for every app that is not named. */
  apps: z.record(z.literal('*').or(appName), appRule.nullable().transform(orEmpty)).default({}),
  scripts: z
    .record(z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'is not a script name'), scriptRule)
    .default({}),
  /** Where scripts may download from. */
  origins: z.array(origin).max(100).default([]),
})

/** `shop:` with nothing behind it is a rule without conditions. */
function orEmpty(rule: AppRule | null): AppRule {
  return rule ?? {}
}

export type PolicyDocument = z.output<typeof policySchema>
export type AppRule = z.output<typeof appRule>
export type ScriptRule = z.output<typeof scriptRule>

/** policy.yaml as a JSON Schema, for editors. */
export function policyJsonSchema(): object {
  return z.toJSONSchema(policySchema, { io: 'input', unrepresentable: 'any' })
}
