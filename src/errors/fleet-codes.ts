import type { CodeEntry } from './codes.ts'

/** Codes of deployments to many hosts, part of `errorCodes`. */
export const fleetCodes = {
  'deployment-unfinished': {
    kind: 'locked',
    meaning:
      'Another deployment of this app to some of these hosts has not ended; the message names it.',
  },
  'host-failed': {
    kind: 'failed',
    meaning: 'A host could not do its part of a deployment; the message names it and says why.',
  },
  'hosts-late': {
    kind: 'failed',
    meaning: 'Hosts did not do their part of a deployment in time; the message names them.',
  },
} as const satisfies Record<string, CodeEntry>
