import { resolve } from 'node:path'

import { formatPairs, result } from '../../terminal/index.ts'
import { defineCommand } from '../context.ts'

export const keyNew = defineCommand({
  name: 'key new',
  group: 'Releases',
  summary: 'make a key that signs releases, in the form of minisign',
  description:
    'Writes FILE, which only you may read, and FILE.pub, which is for everybody. Keys are never overwritten.',
  arguments: {
    file: { summary: 'file of the secret key', complete: 'files' },
  },
  options: {
    passwordFile: {
      value: 'FILE',
      summary: 'encrypt the key with the password in FILE; `-` is standard input',
      complete: 'files',
    },
  },
  examples: [
    { line: 'key new release.key', meaning: 'Write release.key and release.key.pub.' },
    {
      line: 'key new release.key --password-file -',
      meaning: 'Encrypt it with the password that comes in.',
    },
  ],
  async run({ cwd }, { file, passwordFile }) {
    const { createSigningKey } = await import('../signing/create-signing-key.ts')
    const created = await createSigningKey(resolve(cwd, file), { cwd, passwordFile })
    return result(created, ({ keyId, secretKey, publicKey, encrypted }, style) =>
      formatPairs(
        [
          ['key', keyId],
          [
            'secret',
            `${secretKey}${encrypted ? '' : ' (not encrypted: keep it where only signers are)'}`,
          ],
          ['public', publicKey],
          ['next', `sluice sign ARCHIVE --key ${secretKey}`],
        ],
        style,
      ),
    )
  },
})
