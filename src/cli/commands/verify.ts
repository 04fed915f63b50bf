import { resolve } from 'node:path'

import { formatPairs, result } from '../../terminal/index.ts'
import { defineCommand } from '../context.ts'
import { readWholeNumber } from '../read-number.ts'

export const verify = defineCommand({
  name: 'verify',
  group: 'Releases',
  summary: 'check who signed a release archive, and that it is the one they signed',
  arguments: {
    archive: { summary: 'archive with its statement and signature beside it', complete: 'files' },
  },
  options: {
    key: {
      short: 'k',
      value: 'FILE',
      summary: 'public key that is trusted; needed, and may be repeated',
      repeatable: true,
      complete: 'files',
    },
    threshold: {
      value: 'K',
      summary: 'how many of the keys must have signed; one unless given',
      parse: readWholeNumber,
    },
    app: { value: 'APP', summary: 'app that it must be a release of' },
    lowest: {
      value: 'N',
      summary: 'lowest sequence number that is taken',
      parse: readWholeNumber,
    },
  },
  examples: [
    { line: 'verify shop-1.4.2.tar.gz --key release.key.pub', meaning: 'One key, one signature.' },
    {
      line: 'verify shop-1.4.2.tar.gz -k a.pub -k b.pub -k c.pub --threshold 2 --app shop',
      meaning: 'Two of three must have signed, and it must be the shop.',
    },
  ],
  async run({ cwd }, { archive, key, ...asked }) {
    const { verifyArchive } = await import('../signing/verify-archive.ts')
    const keys = (key ?? []).map((file) => resolve(cwd, file))
    const verified = await verifyArchive(resolve(cwd, archive), { ...asked, keys })
    return result(verified, ({ statement, signedBy }, style) =>
      formatPairs(
        [
          ['release', `${statement.app} ${statement.version}`],
          ['sequence', String(statement.sequence)],
          ['created', statement.created],
          ['expires', statement.expires],
          ['signed by', signedBy.join('\n')],
          ['archive', `sha256:${statement.archive.sha256}`],
        ],
        style,
      ),
    )
  },
})
