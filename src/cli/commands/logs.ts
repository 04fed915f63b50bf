import { deployNames } from '../completers.ts'
import { defineCommand } from '../context.ts'
import { showLogs } from '../show-logs.ts'
import { readWholeNumber } from '../read-number.ts'
import { serverOptions } from '../server/server-options.ts'

export const logs = defineCommand({
  name: 'logs',
  group: 'Look',
  summary: 'show the output of a deploy, or what a deployment of the control server did',
  description:
    'Control characters are shown, not obeyed, unless `--raw`. With `--json` every line is an object with `file` and `line`.',
  arguments: {
    deploy: {
      summary:
        '`LABEL`, `APP/LABEL` when two apps have it, or an id as in `sluice deployments` or of what a raise started',
      complete: deployNames,
    },
  },
  options: {
    follow: { short: 'f', summary: 'go on with new lines until Ctrl-C' },
    lines: {
      short: 'n',
      value: 'NUMBER',
      summary: 'last lines of each file; 100 unless given',
      parse: readWholeNumber,
    },
    ...serverOptions,
    raw: { summary: 'print control characters as they are' },
  },
  examples: [
    { line: 'logs shop-1.4.2 -f', meaning: 'Follow the output of that deploy.' },
    { line: 'logs shop-1.4.2 -n 1000 --raw > shop.log', meaning: 'Keep the last thousand lines.' },
  ],
  async run(context, { deploy, follow, lines = 100, raw, ...values }) {
    const { isRunId } = await import('../server/runs-on-server.ts')
    if (isRunId(deploy)) {
      const { showRunLogs } = await import('../server/show-server-logs.ts')
      await showRunLogs(context, values, { id: deploy, raw })
      return undefined
    }
    const { isServerId } = await import('../server/deployments-on-server.ts')
    if (isServerId(deploy)) {
      const { showServerLogs } = await import('../server/show-server-logs.ts')
      await showServerLogs(context, values, { id: deploy, follow, raw })
      return undefined
    }
    const { files } = (await context.host()).logFileOf(deploy)
    await showLogs(context, files, { follow, lines, raw })
    return undefined
  },
})
