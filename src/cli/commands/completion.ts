import { completionScript, result, shells } from '../../terminal/index.ts'
import { defineCommand } from '../context.ts'

export const completion = defineCommand({
  name: 'completion',
  group: 'Set up a host',
  summary: 'print the script that teaches your shell to complete commands and live names',
  arguments: {
    shell: { summary: 'your shell', choices: shells },
  },
  options: {},
  examples: [
    { line: 'completion bash > /etc/bash_completion.d/sluice', meaning: 'For everybody, in bash.' },
    { line: 'completion fish | source', meaning: 'For this fish.' },
  ],
  run(_context, { shell }) {
    const script = completionScript(shell, 'sluice')
    return Promise.resolve(result({ shell, script }, () => script))
  },
})
