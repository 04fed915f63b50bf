import { join, resolve } from 'node:path'

import { formatPairs, result } from '../../terminal/index.ts'
import { defineCommand } from '../context.ts'

export const init = defineCommand({
  name: 'init',
  group: 'Set up a host',
  summary: 'write a commented sluice.yaml and make the root directory',
  arguments: {
    directory: { summary: 'where the host keeps everything', optional: true, complete: 'files' },
  },
  options: {
    force: { summary: 'write over an existing sluice.yaml' },
  },
  examples: [
    { line: 'init', meaning: 'Set up in ./sluice, with ./sluice.yaml.' },
    {
      line: 'init /opt/sluice --config /etc/sluice/sluice.yaml',
      meaning: 'Set up for the whole machine.',
    },
  ],
  async run({ door, place, cwd }, { directory = 'sluice', force }) {
    const config = resolve(cwd, place.config ?? join(cwd, 'sluice.yaml'))
    const answer = await door.init({ directory: resolve(cwd, directory), config, force })
    return result({ config, ...answer }, ({ created }, style) =>
      formatPairs(
        [
          ['created', created.join('\n')],
          ['next', 'sluice doctor, then sluice deploy RELEASE'],
        ],
        style,
      ),
    )
  },
})
