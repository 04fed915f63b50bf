import type { TokenKind } from '../../trust/index.ts'
import type { Scope } from './scopes.ts'

/** Whom a request comes from. */
export interface Holder {
  /** Of the token, or of the agent. */
  readonly id: string
  readonly scope: Scope
  /** Where a session of an agent was shown, and no token. */
  readonly agent?: string
}

/** What a request is about, as far as rights depend on it. */
export interface RequestObject {
  readonly trigger?: string
  readonly app?: string
  /** What a deployment selects by the label `env`. */
  readonly environment?: string
  /** The token that asked for the deployment in question. */
  readonly requestedBy?: string
  /** Only the handler will know what it is about, and asks again then. */
  readonly later?: true
  /** The token that raised the event in question. */
  readonly raisedBy?: string
}

/** `own`: only for objects that the scope names, or that the token itself made. */
type Reach = 'any' | 'own'

/** Who has which right. What does not stand here is denied: also to an admin, who deploys by no route silently. */
const grants = {
  'see-self': {
    viewer: 'any',
    trigger: 'any',
    deployer: 'any',
    approver: 'any',
    agent: 'any',
    auditor: 'any',
    admin: 'any',
  },
  'raise-trigger': { trigger: 'own' },
  'read-triggers': { viewer: 'any', deployer: 'any', approver: 'any', admin: 'any' },
  'follow-raise': {
    trigger: 'own',
    viewer: 'any',
    deployer: 'any',
    approver: 'any',
    admin: 'any',
  },
  'request-deployment': { deployer: 'own', admin: 'any' },
  'cancel-deployment': { deployer: 'own', admin: 'any' },
  'read-deployments': { viewer: 'any', deployer: 'any', approver: 'any', admin: 'any' },
  'read-output': { deployer: 'own', approver: 'own', admin: 'any' },
  'release-hold': { deployer: 'own', admin: 'any' },
  'reject-release': { deployer: 'own', approver: 'own', admin: 'any' },
  'lift-release': { approver: 'own', admin: 'any' },
  publish: { deployer: 'own', admin: 'any' },
  'read-releases': { viewer: 'any', deployer: 'any', approver: 'any', admin: 'any' },
  'fetch-releases': { agent: 'any' },
  'use-relay': { agent: 'any' },
  'read-metrics': { viewer: 'any', admin: 'any' },
  'read-audit': { auditor: 'any', admin: 'any' },
  'manage-tokens': { admin: 'any' },
  'act-as-agent': { agent: 'any' },
  'read-agents': { viewer: 'any', deployer: 'any', approver: 'any', admin: 'any' },
  'manage-agents': { admin: 'any' },
} as const satisfies Record<string, Partial<Record<TokenKind, Reach>>>

export type Right = keyof typeof grants

/** `unseen`: to this holder there is no such object, so the answer is that of one that does not exist. */
export type Verdict = 'allowed' | 'denied' | 'unseen'

/** Whether a holder may use a route that needs a right, on an object. */
export function mayDo(
  holder: Holder,
  route: { readonly needs: Right },
  object: RequestObject,
): Verdict {
  const granted: Partial<Record<TokenKind, Reach>> = grants[route.needs]
  const reach = granted[holder.scope.kind]
  if (reach === undefined) return 'denied'
  // Tokens of this scope could be made once; they are nobody's.
  if (route.needs === 'act-as-agent' && holder.agent === undefined) return 'denied'
  return reach === 'any' || isOwn(holder, object) ? 'allowed' : 'unseen'
}

function isOwn({ id, scope }: Holder, object: RequestObject): boolean {
  const { trigger, raisedBy, app, environment, requestedBy, later } = object
  if (later === true) return true
  if (scope.kind === 'deployer' || scope.kind === 'approver') {
    const isThere = environment === undefined || environment === scope.environment
    return scope.app === app && isThere && (requestedBy === undefined || requestedBy === id)
  }
  if (scope.kind !== 'trigger' || trigger === undefined) return false
  return scope.triggers.includes(trigger) && (raisedBy === undefined || raisedBy === id)
}
