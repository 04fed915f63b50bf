/** What may go wrong between agents and servers; a part of `errorCodes`. */
export const agentCodes = {
  'session-ended': {
    kind: 'refused',
    meaning: 'The session of an agent is over; it logs in again by itself.',
  },
  'join-token-refused': {
    kind: 'refused',
    meaning: 'The join token is used up, over, revoked, or of another server; make another one.',
  },
  'agent-exists': {
    kind: 'refused',
    meaning: 'The name or the key of an agent belongs to another agent; the message names it.',
  },
  'agent-unknown': {
    kind: 'refused',
    meaning: 'The server knows no agent of that id and key: it was removed; enrol it anew.',
  },
  'agent-quarantined': {
    kind: 'refused',
    meaning:
      'Two machines have logged in with the key of one agent, so neither may; remove it and enrol the true one anew.',
  },
  'server-busy': {
    kind: 'failed',
    meaning:
      'Too many agents come to the server at once; each comes again by itself a little later.',
  },
  'not-enrolled': {
    kind: 'refused',
    meaning:
      'The state directory is not that of an enrolled agent; the hint says how to enrol one.',
  },
  'already-enrolled': {
    kind: 'refused',
    meaning: 'The state directory is that of an agent already; nothing was changed.',
  },
  'host-unreachable': {
    kind: 'failed',
    meaning: 'The socket of `sluice host serve` does not answer; the agent tries again by itself.',
  },
} as const
