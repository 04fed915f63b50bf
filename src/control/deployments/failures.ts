import type { ReportedError } from '../../events/index.ts'
import type { HostDeploymentState } from '../../protocol/index.ts'
import type { HostFacts } from './next-action.ts'

/** Why a deployment cannot go on, by the first of the hosts that says so; null when none does. */
export function firstFailure(hosts: readonly HostFacts[]): ReportedError | null {
  const found = hosts.find(({ state }) => Object.hasOwn(endings, state))
  if (found === undefined) return null
  const { name, state, error } = found
  const ending = endings[state] ?? ''
  if (error === null) return { code: 'host-failed', message: `host ${name} ${ending}` }
  const { code, message, hint } = error
  return {
    code,
    message: `host ${name} ${ending}: ${message}`,
    ...(hint === undefined ? {} : { hint }),
  }
}

const endings: Partial<Record<HostDeploymentState, string>> = {
  failed: 'could neither finish nor go back',
  undone: 'went back',
  refused: 'refuses it',
  held: 'is held by a person',
}

/** Hosts that answer and did not do it in their time. */
export function lateHosts(hosts: readonly HostFacts[], what: string): ReportedError {
  const message = `${listed(hosts)} did not ${what} in time`
  return { code: 'hosts-late', message, hint: 'see the last step of each in `sluice show`' }
}

export function notReached(hosts: readonly HostFacts[]): ReportedError {
  const message = `no host could be reached in time: ${listed(hosts)}`
  return { code: 'hosts-late', message, hint: 'see `sluice agents` for when each was last seen' }
}

const mostNamed = 5

function listed(hosts: readonly HostFacts[]): string {
  const names = hosts.slice(0, mostNamed).map(({ name }) => name)
  const more = hosts.length - names.length
  return `${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
