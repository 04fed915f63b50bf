import { AppError } from '../../../../errors/index.ts'
import { proxyMode } from '../../camus2.ts'
import { needsAws } from '../../needs-aws.ts'
import type { Command } from '../command.ts'
import { noWords } from './no-words.ts'

export const remoteCommands: readonly Command[] = [
  {
    name: 'aws-docker-login-cmd',
    summary: 'Show the docker login command for an AWS registry',
    arguments: [{ name: 'REGISTRY_ID', kind: 'text', optional: true }],
    options: [],
    kind: 'logged',
    run: () => Promise.reject(needsAws('aws-docker-login-cmd')),
  },
  {
    name: 'slave-flush',
    summary: 'Remove old slave states from S3',
    ...noWords,
    kind: 'logged',
    run: async (camus2) => {
      if (proxyMode(camus2).remoteStateS3 !== undefined) throw needsAws('slave-flush')
    },
  },
  {
    name: 'slave-update',
    summary: 'Bring this machine to the master state in S3',
    arguments: [],
    options: [
      { name: 'repeat', value: 'SECS', whole: true, summary: 'run for ever, at this interval' },
    ],
    kind: 'logged',
    run: async (camus2) => {
      if (proxyMode(camus2).remoteStateS3 !== undefined) throw needsAws('slave-update')
      throw new AppError('config-invalid', 'Remote state is not configured')
    },
  },
  ...['le-get-certs', 'le-auth-hook', 'le-cleanup-hook'].map((name): Command => ({
    name,
    summary: 'Work on certificates through the DNS of AWS',
    ...noWords,
    kind: 'plain',
    run: () => Promise.reject(needsAws(name)),
  })),
]
