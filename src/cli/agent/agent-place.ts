import { resolve } from 'node:path'

/** Where an agent keeps its key unless told otherwise. */
export const usualState = '/var/lib/sluice-agent'

/** Where `sluice host serve` listens unless told otherwise. */
export const usualSocket = '/run/sluice/host.sock'

export function stateDirectory(cwd: string, given: string | undefined): string {
  return resolve(cwd, given ?? usualState)
}
