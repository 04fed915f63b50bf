import { proxyMode, type Camus2 } from '../../camus2.ts'
import { defaultLabel } from '../../deploys-directory.ts'
import { needsAws } from '../../needs-aws.ts'
import type { ArgumentSpec, Command, CommandInput } from '../command.ts'

const release: ArgumentSpec = { name: 'RELEASE', kind: 'release' }
const deploy: ArgumentSpec = { name: 'DEPLOY', kind: 'deploy' }
const endpoint: ArgumentSpec = { name: 'ENDPOINT', kind: 'endpoint' }

export const deploymentCommands: readonly Command[] = [
  {
    name: 'status',
    summary: 'Show the endpoints and the deploys of proxy mode',
    arguments: [],
    options: [
      { name: 'show-slaves', summary: 'include the status of each slave' },
      { name: 'json-output', summary: 'output as json' },
    ],
    kind: 'configured',
    run: showStatus,
  },
  {
    name: 'start',
    summary: 'Create and start a deploy of a release',
    arguments: [release, { name: 'ASDEPLOY', kind: 'text', optional: true }],
    options: [],
    kind: 'logged',
    run: async (camus2, { words: [name = '', label = defaultLabel(name)] }) => {
      if (camus2.config.deployMode === undefined) {
        const { selectRelease } = await import('../../noproxy/select-release.ts')
        await selectRelease(camus2, name)
      } else {
        await (await import('../../proxy/commands.ts')).startDeploy(camus2, name, label)
      }
    },
  },
  {
    name: 'stop',
    summary: 'Stop and remove a deploy',
    arguments: [deploy],
    options: [],
    kind: 'logged',
    run: async (camus2, { words: [label = ''] }) => {
      if (camus2.config.deployMode === undefined) {
        const { stopCurrentRelease } = await import('../../noproxy/select-release.ts')
        await stopCurrentRelease(camus2, label)
      } else {
        await (await import('../../proxy/commands.ts')).stopDeploy(camus2, label)
      }
    },
  },
  {
    name: 'connect',
    summary: 'Connect an endpoint to a running deploy',
    arguments: [endpoint, deploy],
    options: [],
    kind: 'logged',
    run: async (camus2, { words: [name = '', label = ''] }) => {
      await (await import('../../proxy/commands.ts')).connect(camus2, name, label)
    },
  },
  {
    name: 'disconnect',
    summary: 'Disconnect an endpoint',
    arguments: [endpoint],
    options: [],
    kind: 'logged',
    run: async (camus2, { words: [name = ''] }) => {
      await (await import('../../proxy/commands.ts')).disconnect(camus2, name)
    },
  },
]

async function showStatus(camus2: Camus2, { options }: CommandInput): Promise<void> {
  const mode = proxyMode(camus2)
  if (mode.remoteStateS3 !== undefined) throw needsAws('status of a remote state')
  const { readState } = await import('../../state.ts')
  const state = readState(camus2.config)
  const showSlaves = options.has('show-slaves')
  if (options.has('json-output')) {
    const { jsonStatus } = await import('../../status/json-status.ts')
    camus2.io.stdout.write(jsonStatus(state, showSlaves))
  } else {
    const { textStatus } = await import('../../status/text-status.ts')
    camus2.io.stdout.write(textStatus(mode, state, showSlaves))
  }
}
