/** A deployment to many hosts, from its request to its one outcome. The types, the checks and the words come from here. */
export const nextDeploymentStates = {
  /** Desired of its hosts, and none of them can be reached yet. */
  requested: ['preparing', 'undoing'],
  /** Hosts stage, start and prove; nobody takes traffic. Back to the beginning when all of them have fallen silent. */
  preparing: ['requested', 'switching', 'undoing'],
  /** All that can be reached were ready: traffic moves. */
  switching: ['committed', 'undoing'],
  /** The commit record stands: whatever happens to single hosts, it only goes forward. */
  committed: ['succeeded', 'partial'],
  undoing: ['undone', 'partial'],
  /** All new; hosts that could not be reached are owed it. */
  succeeded: [],
  /** All old again. */
  undone: [],
  /** Some host is neither; a person must look. */
  partial: [],
} as const satisfies Record<string, readonly string[]>

export type DeploymentState = keyof typeof nextDeploymentStates

export const deploymentStates = Object.keys(nextDeploymentStates) as [
  DeploymentState,
  ...DeploymentState[],
]

/** Those from which something may still follow. */
export const unfinishedStates = deploymentStates.filter(
  (state) => nextDeploymentStates[state].length > 0,
)

/** Whether a deployment in this state can still be called off. */
export function canCancel(state: DeploymentState): boolean {
  const next: readonly string[] = nextDeploymentStates[state]
  return next.includes('undoing')
}

export function isFinished(state: DeploymentState): boolean {
  return nextDeploymentStates[state].length === 0
}
