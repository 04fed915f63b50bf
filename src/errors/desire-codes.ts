/** What may come of the things that a server wants of a host; part of `errorCodes`. */
export const desireCodes = {
  unconfirmed: {
    kind: 'failed',
    meaning:
      'Nobody confirmed a switch in time, so the host went back by itself; when the commit stood, it goes forward again.',
  },
  'taken-back': {
    kind: 'aborted',
    meaning: 'The server took a deployment back before it was committed here.',
  },
  held: {
    kind: 'refused',
    meaning:
      'A person has worked on this app on the host; the server leaves it alone until `sluice release-hold`.',
  },
  'release-mismatch': {
    kind: 'refused',
    meaning: 'The archive holds another app or version than was announced with its digest.',
  },
  'policy-invalid': {
    kind: 'refused',
    meaning:
      'The policy file of the host cannot be read or others may write to it; until it is mended nothing that a server wants is done.',
  },
  'policy-refused': {
    kind: 'refused',
    meaning:
      'The policy file of the host does not allow what a server wants; the hint shows the lines that would.',
  },
  'desire-poisoned': {
    kind: 'refused',
    meaning:
      'Working on this revision ended `sluice host serve` three times; the revision is set aside until the server states another.',
  },
} as const
