import { result } from '../../terminal/index.ts'
import { defineCommand } from '../context.ts'
import { serverOptions } from '../server/server-options.ts'

export const trigger = defineCommand({
  name: 'trigger',
  group: 'Server',
  summary: 'raise a trigger on the control server',
  description:
    'With the global --wait it waits up to so many seconds until the raise has started something or a later one has taken its place.',
  arguments: { name: { summary: 'trigger' } },
  options: {
    ...serverOptions,
    key: { value: 'TEXT', summary: 'idempotency key: the same one again has no second effect' },
  },
  examples: [
    { line: 'trigger shop', meaning: 'Raise it by one.' },
    { line: 'trigger shop --wait 600', meaning: 'And wait for what it starts.' },
  ],
  async run(context, { name, key, ...values }) {
    const { raiseOnServer } = await import('../server/raise-on-server.ts')
    const { raised, exitCode } = await raiseOnServer(context, values, { name, key })
    return result(
      raised,
      ({ trigger: raisedName, sequence, event, starts, outcome, supersededBy }) =>
        [
          `${raisedName} is at ${sequence} (event ${event})`,
          ...(typeof starts === 'string' ? [`it starts ${starts}`] : []),
          ...(typeof outcome === 'string'
            ? [outcome.startsWith('failed:') ? `it ${outcome}` : `it started ${outcome}`]
            : []),
          ...(typeof supersededBy === 'number' ? [`superseded by ${supersededBy}`] : []),
        ].join('\n'),
      exitCode,
    )
  },
})
