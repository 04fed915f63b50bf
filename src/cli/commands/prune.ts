import { result } from '../../terminal/index.ts'
import { appNames } from '../completers.ts'
import { defineCommand } from '../context.ts'
import { given } from '../given.ts'
import { renderPrune } from '../render/host-care.ts'

export const prune = defineCommand({
  name: 'prune',
  group: 'Keep and remove',
  summary: 'remove old releases, deploys and logs beyond what the configuration keeps',
  description: 'Never what runs, the last good one, or a pinned one.',
  arguments: {
    app: { summary: 'only this app', optional: true, complete: appNames },
  },
  options: {
    dryRun: { short: 'n', summary: 'only print what would be removed' },
  },
  examples: [{ line: 'prune --dry-run', meaning: 'See what would go, and why the rest stays.' }],
  async run(context, { app, dryRun }) {
    const answer = await (await context.host()).pruneHost({ ...given({ app }), dryRun })
    return result({ ...answer, dryRun }, renderPrune)
  },
})
