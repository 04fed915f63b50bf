import type { Command } from '../command.ts'
import { noWords } from './no-words.ts'

export const frontendProxyCommands: readonly Command[] = [
  {
    name: 'restart-frontend-proxy',
    summary: 'Write the configuration of the nginx proxy again and reload it',
    ...noWords,
    kind: 'logged',
    run: async (camus2) => {
      await (await import('../../proxy/commands.ts')).restartProxy(camus2)
    },
  },
  {
    name: 'shutdown-frontend-proxy',
    summary: 'Shut the nginx proxy down',
    ...noWords,
    kind: 'logged',
    run: async (camus2) => {
      await (await import('../../proxy/commands.ts')).shutdownProxy(camus2)
    },
  },
  {
    name: 'generate-ssl-certificate',
    summary: 'Get an SSL certificate through the http-01 challenge',
    ...noWords,
    kind: 'logged',
    run: async (camus2) => {
      const { generateCertificate } = await import('../../frontend-proxy/generate-certificate.ts')
      await generateCertificate(camus2)
    },
  },
]
