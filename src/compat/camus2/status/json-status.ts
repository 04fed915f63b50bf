import { stateToJson, type State } from '../state.ts'

/** `status --json-output`. Local state has no slaves. */
export function jsonStatus(state: State, showSlaves: boolean): string {
  const status = { master: stateToJson(state), ...(showSlaves ? { slaves: [] } : {}) }
  return `${JSON.stringify(status, undefined, 4)}\n`
}
