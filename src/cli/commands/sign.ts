import { resolve } from 'node:path'

import { formatPairs, result } from '../../terminal/index.ts'
import { defineCommand } from '../context.ts'
import { readWholeNumber } from '../read-number.ts'

export const sign = defineCommand({
  name: 'sign',
  group: 'Releases',
  summary: 'sign a release archive with a key',
  description:
    'Writes ARCHIVE.statement.json and its signature ARCHIVE.statement.json.minisig. A statement that is there is signed by one more key.',
  arguments: {
    archive: { summary: 'archive made by `sluice pack`', complete: 'files' },
  },
  options: {
    key: {
      short: 'k',
      value: 'FILE',
      summary: 'secret key made by `sluice key new` or minisign; needed',
      complete: 'files',
    },
    passwordFile: {
      value: 'FILE',
      summary: 'file with the password of the key; `-` is standard input',
      complete: 'files',
    },
    sequence: {
      value: 'N',
      summary: 'number that grows from release to release; minutes since 1970 unless given',
      parse: readWholeNumber,
    },
    expiresIn: {
      value: 'DAYS',
      summary: 'days after which the signature is worth nothing; never unless given',
      parse: readWholeNumber,
    },
    minSluice: { value: 'VERSION', summary: 'oldest sluice that may take the release live' },
  },
  examples: [
    { line: 'sign shop-1.4.2.tar.gz --key release.key', meaning: 'Sign it as the first.' },
    {
      line: 'sign shop-1.4.2.tar.gz --key second.key --password-file second.password',
      meaning: 'Add a second signature, where two keys must have signed.',
    },
  ],
  async run({ cwd }, { archive, key, passwordFile, ...said }) {
    const { signArchive } = await import('../signing/sign-archive.ts')
    const signed = await signArchive(resolve(cwd, archive), { ...said, cwd, key, passwordFile })
    return result(signed, ({ statement, files, signedBy }, style) =>
      formatPairs(
        [
          ['release', `${statement.app} ${statement.version}`],
          ['sequence', String(statement.sequence)],
          ['expires', statement.expires],
          ['signed by', signedBy.join('\n')],
          ['written', files.join('\n')],
        ],
        style,
      ),
    )
  },
})
