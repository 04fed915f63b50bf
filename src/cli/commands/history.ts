import { result } from '../../terminal/index.ts'
import { appNames } from '../completers.ts'
import { defineCommand } from '../context.ts'
import { given } from '../given.ts'
import { readWholeNumber } from '../read-number.ts'
import { renderHistory } from '../render/history.ts'

export const history = defineCommand({
  name: 'history',
  group: 'Look',
  summary: 'list past deployments and lifted releases, newest first',
  arguments: {
    app: { summary: 'only this app', optional: true, complete: appNames },
  },
  options: {
    limit: {
      short: 'l',
      value: 'NUMBER',
      summary: 'at most so many; 20 unless given',
      parse: readWholeNumber,
    },
  },
  examples: [{ line: 'history shop --limit 5', meaning: 'The last five deployments of shop.' }],
  async run(context, { app, limit = 20 }) {
    const host = await context.host()
    return result(host.listHistory({ ...given({ app }), limit }), renderHistory)
  },
})
