import type { CodeEntry } from './codes.ts'

/** Codes of keys, tokens and signatures, part of `errorCodes`. */
export const trustCodes = {
  'key-invalid': {
    kind: 'refused',
    meaning:
      'A key, or the file it is in, is not valid; the message says what is wrong, never what it holds.',
  },
  'key-exposed': {
    kind: 'refused',
    meaning:
      'Other accounts may read a private key or password file; make it 0600, and think of a new key.',
  },
  'key-exists': {
    kind: 'refused',
    meaning: 'There is a file where a new key would go; keys are never overwritten.',
  },
  'key-password': {
    kind: 'refused',
    meaning: 'A signing key is encrypted and its password is missing or wrong.',
  },
  'token-invalid': {
    kind: 'refused',
    meaning:
      'This is no token of sluice, or a letter of it is wrong; the message never repeats it.',
  },
  'identity-mismatch': {
    kind: 'refused',
    meaning:
      'The other side showed another key than the pinned one; nothing was sent. The message gives both.',
  },
  'identity-unproved': {
    kind: 'refused',
    meaning: 'The other side did not prove that it holds its key on this very connection.',
  },
  'channel-unbound': {
    kind: 'refused',
    meaning: 'The connection is not TLS 1.3, so that nothing can be proved over it.',
  },
  'signature-missing': {
    kind: 'refused',
    meaning: 'The release has no statement or no signature beside it, and must have one.',
  },
  'signature-malformed': {
    kind: 'refused',
    meaning: 'The signature file is not in the form of minisign, byte for byte.',
  },
  'signature-legacy': {
    kind: 'refused',
    meaning: 'The signature is of the old kind that is not prehashed; sign again without `-l`.',
  },
  'signature-wrong': {
    kind: 'refused',
    meaning:
      'The signature of a trusted key does not fit: the statement or its comment was altered.',
  },
  'signature-unknown-key': {
    kind: 'refused',
    meaning: 'No trusted key has signed the release.',
  },
  'signature-revoked-key': {
    kind: 'refused',
    meaning: 'Too few keys have signed the release once those that were revoked are left out.',
  },
  'signature-threshold': {
    kind: 'refused',
    meaning: 'Fewer keys have signed the release than are asked for.',
  },
  'signature-exists': {
    kind: 'refused',
    meaning: 'This statement is signed by this key already, or says something else than asked for.',
  },
  'signature-statement': {
    kind: 'refused',
    meaning: 'What was signed is not a valid statement about a release.',
  },
  'signature-app': { kind: 'refused', meaning: 'The statement is about a release of another app.' },
  'signature-sequence-low': {
    kind: 'refused',
    meaning: 'The release is older than one that was proved here already.',
  },
  'signature-sequence-jump': {
    kind: 'refused',
    meaning: 'The sequence number is too far above the last one to be honest.',
  },
  'signature-expired': {
    kind: 'refused',
    meaning:
      'The statement was good until a time that has passed; if not, look at the clock of this machine.',
  },
  'signature-archive': {
    kind: 'refused',
    meaning: 'The archive is not the one that the statement names by digest and size.',
  },
  'signature-sluice': {
    kind: 'refused',
    meaning: 'The release asks for a newer sluice than this one.',
  },
} as const satisfies Record<string, CodeEntry>
