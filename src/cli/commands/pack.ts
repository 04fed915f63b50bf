import { resolve } from 'node:path'

import { AppError } from '../../errors/index.ts'
import { formatSize, result, type Environment } from '../../terminal/index.ts'
import { defineCommand } from '../context.ts'
import { given } from '../given.ts'

export const pack = defineCommand({
  name: 'pack',
  group: 'Releases',
  summary: 'make a release archive from a directory with a release.json',
  description:
    'The same tree gives the same bytes, wherever and whenever it is packed; `$SOURCE_DATE_EPOCH` dates them.',
  arguments: {
    directory: { summary: 'directory of the built application', complete: 'files' },
  },
  options: {
    to: {
      short: 'o',
      value: 'FILE',
      summary: 'archive to write; `<name>-<version>` here unless given',
      complete: 'files',
    },
    format: {
      value: 'FORMAT',
      summary: 'kind of archive; that of FILE, else tar.gz',
      choices: ['zip', 'tar.gz', 'tar.zst'],
    },
  },
  examples: [
    { line: 'pack ./build', meaning: 'Write shop-1.4.2.tar.gz from ./build/release.json.' },
    { line: 'pack ./build -o shop-1.4.2.zip', meaning: 'Write a zip archive.' },
  ],
  async run({ cwd, io, report, signal }, { directory, to, format }) {
    const { packRelease } = await import('../../release/index.ts')
    const archive = to === undefined ? undefined : resolve(cwd, to)
    const options = given({ to: archive, format, modified: sourceDate(io.environment) })
    const packed = await packRelease(resolve(cwd, directory), { ...options, report, signal })
    return result(
      packed,
      ({ file, digest, size }) =>
        `${file}  ${formatSize(size)}  sha256:${digest}\nnext: sluice publish ${file}`,
    )
  },
})

/** Seconds since 1970, see https://reproducible-builds.org/specs/source-date-epoch. */
function sourceDate({ SOURCE_DATE_EPOCH: text = '' }: Environment): number | undefined {
  if (text === '') return undefined
  if (/^\d{1,10}$/.test(text)) return Number(text)
  throw new AppError('usage', `SOURCE_DATE_EPOCH is "${text}", not a number of seconds since 1970`)
}
