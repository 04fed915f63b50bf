import { exitCodes, result } from '../../terminal/index.ts'
import { defineCommand } from '../context.ts'
import { renderDoctor } from '../render/host-care.ts'

export const doctor = defineCommand({
  name: 'doctor',
  group: 'Look',
  summary: 'check what this host can do and what is weaker here than it could be',
  arguments: {},
  options: {},
  examples: [
    {
      line: 'doctor',
      meaning: 'Check disk, users, systemd, cgroups, secret files, proxy and state.',
    },
  ],
  async run(context) {
    const answer = await (await context.host()).diagnoseHost()
    const bad = answer.checks.some(({ state }) => state === 'bad')
    return result(answer, renderDoctor, bad ? exitCodes.failed : 0)
  },
})
