import { isName } from '../../config/index.ts'
import { AppError } from '../../errors/index.ts'
import type { TokenKind } from '../../trust/index.ts'

/** What the holder of a token may be concerned with. */
export type Scope =
  | { readonly kind: Exclude<TokenKind, 'trigger' | 'deployer' | 'approver'> }
  | { readonly kind: 'trigger'; readonly triggers: readonly string[] }
  | {
      readonly kind: 'deployer' | 'approver'
      readonly app: string
      readonly environment: string
    }

/** `viewer`, `trigger:shop,blog`, `deployer:shop/production`: as people write a scope and as it is kept. */
export function formatScope(scope: Scope): string {
  if (scope.kind === 'trigger') return `trigger:${scope.triggers.join(',')}`
  if (scope.kind === 'deployer' || scope.kind === 'approver')
    return `${scope.kind}:${scope.app}/${scope.environment}`
  return scope.kind
}

/** @throws AppError `request-invalid`. */
export function parseScope(text: string): Scope {
  const [kind, rest] = splitAt(text, ':')
  if (kind === 'trigger' && rest !== undefined) return { kind, triggers: readTriggers(text, rest) }
  if ((kind === 'deployer' || kind === 'approver') && rest !== undefined) {
    const [app, environment] = splitAt(rest, '/')
    if (environment !== undefined && isName(app, 32) && isName(environment, 48))
      return { kind, app, environment }
  }
  const plain = plainKinds.find((known) => known === text)
  if (plain !== undefined) return { kind: plain }
  throw notAScope(text)
}

const plainKinds = ['viewer', 'agent', 'auditor', 'admin'] as const
const triggerName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/
const mostTriggers = 100

function readTriggers(text: string, names: string): readonly string[] {
  const triggers = names.split(',')
  const isGood = triggers.every((name) => triggerName.test(name)) && triggers.length <= mostTriggers
  if (isGood) return triggers
  throw notAScope(text)
}

function splitAt(text: string, mark: string): readonly [string, string | undefined] {
  const at = text.indexOf(mark)
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}

function notAScope(text: string): AppError {
  const shown = JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)
  return new AppError('request-invalid', `${shown} is no scope`, {
    hint: 'viewer, trigger:NAME,NAME, deployer:APP/ENVIRONMENT, approver:APP/ENVIRONMENT, auditor or admin',
  })
}
