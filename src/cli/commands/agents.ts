import { formatAge, formatTable, result } from '../../terminal/index.ts'
import { defineCommand } from '../context.ts'
import { serverOptions } from '../server/server-options.ts'
import { formatLabels } from './agent.ts'

export const agents = defineCommand({
  name: 'agents',
  group: 'Server',
  summary: 'list the agents of the control server',
  arguments: {},
  options: serverOptions,
  examples: [{ line: 'agents', meaning: 'Who they are, when they were heard of, what they run.' }],
  async run(context, values) {
    const { listAgentsOfServer } = await import('../server/agents-on-server.ts')
    const listed = await listAgentsOfServer(context, values)
    return result(listed, ({ at, agents: rows }, style) =>
      formatTable(
        {
          columns: ['NAME', 'STATE', 'SEEN', 'LABELS', 'APPS', 'ID'],
          rows: rows.map(({ name, state, seen, labels, apps, id }) => [
            name,
            state,
            seen === null ? 'never' : formatAge(Date.parse(seen), Date.parse(at)),
            formatLabels(labels),
            apps
              .map(({ app, version }) => (version === null ? app : `${app}@${version}`))
              .join(' '),
            id,
          ]),
        },
        style,
      ),
    )
  },
})

const nameArgument = { name: { summary: 'name or id, as `sluice agents` shows it' } } as const

export const agentRemove = defineCommand({
  name: 'agent remove',
  group: 'Server',
  summary: 'end an agent of the control server at once and for ever',
  description: 'What its host runs goes on running. Name and key are free to be enrolled anew.',
  arguments: nameArgument,
  options: serverOptions,
  examples: [{ line: 'agent remove web-3', meaning: 'It gets nothing any more.' }],
  async run(context, { name, ...values }) {
    const { removeAgentOnServer } = await import('../server/agents-on-server.ts')
    return result(
      await removeAgentOnServer(context, values, name),
      (removed) => `agent ${removed.name} is removed`,
    )
  },
})

export const agentRename = defineCommand({
  name: 'agent rename',
  group: 'Server',
  summary: 'give an agent of the control server another name',
  arguments: { ...nameArgument, to: { summary: 'its new name' } },
  options: serverOptions,
  examples: [{ line: 'agent rename web-3 web-4', meaning: 'Its key and labels stay.' }],
  async run(context, { name, to, ...values }) {
    const { renameAgentOnServer } = await import('../server/agents-on-server.ts')
    return result(
      await renameAgentOnServer(context, values, { name, to }),
      (renamed) => `it is called ${renamed.name}`,
    )
  },
})
