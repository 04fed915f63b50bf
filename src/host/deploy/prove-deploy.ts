import type { CheckManifest } from '../../release/index.ts'
import type { ProcessDriver, ServiceSpec } from '../drivers/process-driver.ts'
import { checkHealth, type HealthContext, type HealthProof } from '../health/check-health.ts'
import type { HealthTarget } from '../health/health-check.ts'
import { staysUp } from '../health/stay-up.ts'
import type { Host } from '../host.ts'
import { readTail } from '../keeper/cap-log.ts'
import { appPaths } from '../layout.ts'

export interface ProofOrder {
  readonly spec: ServiceSpec
  readonly driver: ProcessDriver
  /** Names the attempts of a check command: unique on this host. */
  readonly name: string
  readonly signal: AbortSignal
}

/** Bytes of the deploy's output that a failure shows. */
const shownOutput = 4096

/**
 * Checks a started deploy until it has proved healthy; what listens must be its own process.
 * @throws AppError `unhealthy`, `start-failed`.
 */
export function proveDeploy(
  host: Host,
  check: CheckManifest,
  order: ProofOrder,
): Promise<HealthProof> {
  return checkHealth(check, targetOf(host, order), contextOf(host, order))
}

/**
 * Watches a started deploy that has no check for the settings' `stayUpFor`; false when its driver cannot tell.
 * @throws AppError `start-failed` when its process ended or was started again.
 */
export function watchDeploy(host: Host, order: ProofOrder): Promise<boolean> {
  return staysUp(host.settings.stayUpFor, contextOf(host, order))
}

function targetOf({ layout }: Host, { spec, name }: ProofOrder): HealthTarget {
  const { port, socket, directory: cwd, env, owner } = spec
  const { check } = appPaths(layout, spec.app)
  return { port, socket, command: { directory: check, name: `${name}-check`, cwd, env, owner } }
}

function contextOf(host: Host, { spec, driver, signal }: ProofOrder): HealthContext {
  return {
    clock: host.clock,
    signal,
    ownPids: () => driver.ownPids(spec),
    label: spec.label,
    observe: () => driver.observe(spec),
    lastOutput: () => readTail(spec.logFile, shownOutput),
    report: ({ successes, wanted }) =>
      host.report({
        type: 'step-progress',
        step: 'prove',
        done: successes,
        total: wanted,
        unit: 'checks',
      }),
  }
}
