import { exitCodes, formatCount, formatPairs, result } from '../../terminal/index.ts'
import { defineCommand } from '../context.ts'

export const boot = defineCommand({
  name: 'boot',
  group: 'Set up a host',
  summary: 'bring back after a reboot what was bound',
  description: 'For the start of the machine; harmless when everything runs.',
  arguments: {},
  options: {
    install: { summary: 'start nothing now: make systemd do it at every start of the machine' },
  },
  examples: [
    { line: 'boot', meaning: 'Start what should run, settle what was interrupted.' },
    { line: 'boot --install', meaning: 'Write and enable the unit sluice-boot.service.' },
  ],
  async run(context, { install }) {
    const host = await context.host()
    if (install) {
      return result(await host.installBootUnit(), ({ unit }, style) =>
        formatPairs([['enabled', unit]], style),
      )
    }
    const answer = await host.bootHost()
    const exitCode = answer.problems.length === 0 ? 0 : exitCodes.partial
    return result(
      answer,
      ({ started, problems }, { color }) =>
        [
          `${formatCount(started.length, 'deploy')} started`,
          ...started.map((name) => `  ${name}`),
          ...problems.map((problem) => `${color.red('problem:')} ${problem}`),
        ].join('\n'),
      exitCode,
    )
  },
})
