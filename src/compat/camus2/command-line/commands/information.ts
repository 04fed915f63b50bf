import { readFileSync } from 'node:fs'

import { withPath } from '../../../../system/index.ts'
import type { Command } from '../command.ts'
import { noWords } from './no-words.ts'

export const camus2Version = '0.21'

export const informationCommands: readonly Command[] = [
  {
    name: 'help',
    summary: 'Show detailed program help',
    ...noWords,
    kind: 'plain',
    run: async (io) => {
      io.stdout.write((await import('../help-text.ts')).helpText)
    },
  },
  {
    name: 'list-releases',
    summary: 'List available releases',
    ...noWords,
    kind: 'configured',
    run: async ({ config, io }) => {
      const { listReleases } = await import('../../release/release-directory.ts')
      for (const name of listReleases(config)) io.stdout.write(`${name}\n`)
    },
  },
  {
    name: 'version',
    summary: 'Show program version',
    ...noWords,
    kind: 'plain',
    run: async (io) => {
      io.stdout.write(`${camus2Version}\n`)
    },
  },
  {
    name: 'show-log',
    summary: 'Show the log of this machine',
    ...noWords,
    kind: 'configured',
    run: async ({ config, io }) => {
      const text = withPath(config.logFile, () => readFileSync(config.logFile, 'utf8'))
      io.stdout.write(text === '' || text.endsWith('\n') ? text : `${text}\n`)
    },
  },
  {
    name: 'show-default-nginx-config',
    summary: 'Show the default template for the nginx configuration',
    ...noWords,
    kind: 'plain',
    run: async (io) => {
      io.stdout.write((await import('../../frontend-proxy/nginx-template.ts')).nginxTemplate)
    },
  },
]
