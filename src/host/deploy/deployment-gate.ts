import { AppError } from '../../errors/index.ts'
import type { GatedBy } from '../../protocol/index.ts'
import type { DeployContext } from './deploy-context.ts'

/** Says when a deployment that a server wants may go on. */
export interface DeploymentGate {
  /** Resolves when the traffic may move. @throws AppError `taken-back`. */
  untilMayGo(gated: GatedBy, signal: AbortSignal): Promise<void>
  /** Resolves when the deployment is to be kept. @throws AppError `taken-back`, `unconfirmed` after `wait` milliseconds. */
  untilMayCommit(
    gated: GatedBy,
    limits: { readonly wait: number; readonly signal: AbortSignal },
  ): Promise<void>
}

/** The gate and what it is asked about. @throws AppError `unconfirmed` where nobody can ask the server. */
export function gateOf({ host, request }: DeployContext): {
  readonly gate: DeploymentGate
  readonly gated: GatedBy
} {
  const { gated } = request
  if (gated === undefined) throw new AppError('bug', 'this deployment has no gate')
  if (host.gate !== undefined) return { gate: host.gate, gated }
  throw new AppError(
    'unconfirmed',
    `only \`sluice host serve\` hears whether deployment ${gated.deployment} may go on`,
    { hint: 'it was taken back; when the server still wants it, host serve begins it again' },
  )
}
