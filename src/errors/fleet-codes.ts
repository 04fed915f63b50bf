import type { CodeEntry } from './codes.ts'

/** Codes of deployments to many hosts, part of `errorCodes`. */
export const fleetCodes = {
  'host-failed': {
    kind: 'failed',
    meaning: 'A host could not do its part of a deployment; the message names it and says why.',
  },
  'hosts-late': {
    kind: 'failed',
    meaning: 'Hosts did not do their part of a deployment in time; the message names them.',
  },
} as const satisfies Record<string, CodeEntry>
