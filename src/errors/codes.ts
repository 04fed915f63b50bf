import { agentCodes } from './agent-codes.ts'
import { desireCodes } from './desire-codes.ts'
import { fleetCodes } from './fleet-codes.ts'
import { trustCodes } from './trust-codes.ts'

/** How a failure ends a command: each kind has one exit status (terminal/exit-codes.ts). */
export type ErrorKind =
  | 'failed'
  | 'usage'
  | 'aborted'
  | 'refused'
  | 'locked'
  | 'partial'
  | 'bug'
  | 'unwritten'

export interface CodeEntry {
  readonly kind: ErrorKind
  /** One sentence for docs/errors.md: what it means and what to do. */
  readonly meaning: string
}

/**
 * Every code an AppError may carry. The name is stable: scripts and journals depend on it.
 * docs/errors.md lists the same codes; a test compares the two.
 */
export const errorCodes = {
  // command line and configuration
  usage: {
    kind: 'usage',
    meaning: 'The command line could not be understood; the message names the word.',
  },
  'config-missing': {
    kind: 'refused',
    meaning: 'No configuration file was found; the message lists the places tried.',
  },
  'config-invalid': {
    kind: 'refused',
    meaning: 'A configuration file is not valid; the message gives file, line and column.',
  },
  aborted: {
    kind: 'aborted',
    meaning:
      'The person stopped the command or declined a question; the message says which state it left.',
  },
  'not-found': {
    kind: 'refused',
    meaning:
      'A named thing (app, deploy, endpoint, deployment, file, directory) does not exist; the hint lists what does.',
  },
  unsupported: {
    kind: 'refused',
    meaning:
      'This version cannot do that; the message says what is missing and the hint what works.',
  },
  'output-unwritten': {
    kind: 'unwritten',
    meaning:
      'The command came to its end, but standard output could not be written; the message gives the cause.',
  },
  bug: {
    kind: 'bug',
    meaning: 'Something sluice did not expect; please report it with the stack.',
  },

  // files, locks, processes
  'io-failed': {
    kind: 'failed',
    meaning:
      'The machine refused to read or write a file; the message gives the path and the cause.',
  },
  'disk-full': {
    kind: 'failed',
    meaning:
      'There is not enough free space or there are not enough inodes; nothing was left half written.',
  },
  locked: {
    kind: 'locked',
    meaning:
      'Somebody else is working on this app; the message names who, since when and for what.',
  },
  fenced: {
    kind: 'failed',
    meaning: 'A later operator took over this app; this run may write no more.',
  },
  'state-corrupt': {
    kind: 'failed',
    meaning: 'A state file and its previous copy are both damaged; nothing was changed.',
  },
  'state-too-new': {
    kind: 'failed',
    meaning: 'The state was written by a newer sluice; this one changes nothing.',
  },
  'command-failed': {
    kind: 'failed',
    meaning:
      'A command that sluice ran ended with an error; the message has its status and last output.',
  },
  'command-timeout': {
    kind: 'failed',
    meaning: 'A command did not end in its time and was ended.',
  },
  'outcome-unknown': {
    kind: 'partial',
    meaning: 'A command was started, and whether it finished cannot be known; it is not run again.',
  },

  // control server
  'request-invalid': {
    kind: 'refused',
    meaning: 'A request holds a value that is not allowed; the message names it.',
  },
  'key-reused': {
    kind: 'refused',
    meaning:
      'An idempotency key was sent with another request than the first one of that key; nothing was done.',
  },
  unauthenticated: {
    kind: 'refused',
    meaning: 'No valid token came with a request: there was none, or it has ended or was revoked.',
  },
  forbidden: {
    kind: 'refused',
    meaning: 'The token is valid, and its scope does not allow this; the message names the right.',
  },
  'request-too-large': {
    kind: 'refused',
    meaning:
      'The body of a request is larger than this route takes; nothing of it was read further.',
  },
  'media-type': {
    kind: 'refused',
    meaning:
      'The body of a request is not sent as what the route takes, mostly `application/json`.',
  },
  'rate-limited': {
    kind: 'refused',
    meaning: 'Too many requests in too short a time; try again after the seconds that are told.',
  },
  'hook-refused': {
    kind: 'refused',
    meaning:
      'A webhook did not prove that it comes from its source, or came too late; nothing was raised.',
  },
  'server-insecure': {
    kind: 'refused',
    meaning: 'The server would listen for other machines without TLS; it does not start.',
  },
  'server-unreachable': {
    kind: 'failed',
    meaning: 'The control server does not answer at its address; what was asked may be repeated.',
  },
  ...fleetCodes,
  'backup-invalid': {
    kind: 'refused',
    meaning: 'A file is no backup of a control server, or was cut or changed; nothing was changed.',
  },
  'audit-broken': {
    kind: 'refused',
    meaning:
      'The audit log was changed, cut or rewritten; the message names the first entry that is wrong.',
  },
  'database-unavailable': {
    kind: 'failed',
    meaning:
      'The database does not answer or is closed to us; what was asked may be repeated with the same key.',
  },

  // releases
  'archive-invalid': {
    kind: 'refused',
    meaning: 'The release archive is damaged or not an archive; nothing was unpacked.',
  },
  'archive-unsafe': {
    kind: 'refused',
    meaning:
      'The archive holds an entry that could write outside its directory or is not allowed; the message names it.',
  },
  'archive-too-large': {
    kind: 'refused',
    meaning: 'The archive unpacks to more than the limits or the free space allow.',
  },
  'manifest-missing': { kind: 'refused', meaning: 'The archive has no release.json at its root.' },
  'manifest-invalid': {
    kind: 'refused',
    meaning: 'release.json is not valid; the message gives line and column.',
  },
  'release-not-found': {
    kind: 'refused',
    meaning: 'The store has no such release; the message lists the nearest names.',
  },
  'release-exists': {
    kind: 'refused',
    meaning:
      'The store already has a different release of this name; releases are never overwritten.',
  },
  'digest-mismatch': {
    kind: 'refused',
    meaning: 'The bytes are not those that were announced; they were thrown away.',
  },
  'download-failed': {
    kind: 'failed',
    meaning: 'The release could not be fetched within its retries.',
  },
  'store-invalid': {
    kind: 'refused',
    meaning:
      'The store has no index that can be read, or its address is none; the message says which.',
  },
  'store-read-only': { kind: 'refused', meaning: 'This store cannot be published to.' },
  'template-invalid': {
    kind: 'refused',
    meaning: 'A template cannot be rendered; the message gives file, line and the missing name.',
  },
  'context-invalid': {
    kind: 'refused',
    meaning: 'A configuration source is missing or is not JSON or YAML.',
  },

  ...trustCodes,
  ...agentCodes,

  // build scripts and files fetched for others
  'script-invalid': {
    kind: 'refused',
    meaning: 'A build script cannot be read, or has a step that is none; the message says where.',
  },
  'origin-refused': {
    kind: 'refused',
    meaning:
      'The server may not fetch files from there; the message names the address and the rule.',
  },
  'download-cut': {
    kind: 'failed',
    meaning: 'A file that was being fetched ended before it was whole; nothing of it is kept.',
  },
  'still-fetching': {
    kind: 'failed',
    meaning: 'The server is still fetching a file for its caller; ask again after a moment.',
  },
  'file-too-large': {
    kind: 'refused',
    meaning: 'A file is larger than the place that the server keeps for fetched files.',
  },

  // what servers want of a host
  ...desireCodes,

  // deploys
  quarantined: {
    kind: 'refused',
    meaning: 'This release was rolled back and stays rejected until `sluice lift`.',
  },
  'no-port': {
    kind: 'refused',
    meaning: 'Every port of the configured range is recorded or taken.',
  },
  'port-taken': {
    kind: 'failed',
    meaning: 'Another process listens on the port that belongs to this deploy.',
  },
  'label-exists': { kind: 'refused', meaning: 'A deploy of this label already exists.' },
  'deploy-connected': {
    kind: 'refused',
    meaning: 'The deploy serves an endpoint and is not stopped; disconnect it first.',
  },
  interrupted: {
    kind: 'failed',
    meaning: 'The deployment was cut off in the middle and taken back; what served before serves.',
  },
  'start-failed': { kind: 'failed', meaning: 'The deploy did not start or ended at once.' },
  unhealthy: {
    kind: 'failed',
    meaning: 'The deploy did not prove healthy in time; the old one still serves.',
  },
  'switch-failed': {
    kind: 'failed',
    meaning: 'The endpoint could not be proved to serve the new deploy and was switched back.',
  },
  'bake-failed': {
    kind: 'failed',
    meaning: 'The new deploy failed while it was watched; the endpoint was switched back.',
  },
  'stop-failed': { kind: 'failed', meaning: 'A deploy did not stop, even when killed.' },
  'undo-failed': {
    kind: 'partial',
    meaning: 'A failed deployment could not be undone wholly; the message says what is left.',
  },
  'nothing-to-roll-back': {
    kind: 'refused',
    meaning: 'There is no earlier committed binding of this app.',
  },
  'driver-unavailable': {
    kind: 'refused',
    meaning:
      'The chosen process or proxy driver cannot work on this host; the message says what is missing.',
  },

  // proxy
  'endpoint-unsuitable': {
    kind: 'refused',
    meaning:
      'The deploy cannot be served in this switch mode; the message names the mode that can.',
  },
  'endpoint-taken': { kind: 'refused', meaning: 'The endpoint belongs to another app.' },
  'proxy-failed': {
    kind: 'failed',
    meaning: 'The proxy did not accept the new routes; the previous ones still serve.',
  },
  'proxy-unreachable': {
    kind: 'failed',
    meaning: 'The proxy does not answer on its control socket.',
  },
} as const satisfies Record<string, CodeEntry>

export type ErrorCode = keyof typeof errorCodes
