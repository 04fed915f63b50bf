// Does one durable write in the folder it is given, for a test that watches its system calls.
import { join } from 'node:path'

import {
  openAppendLog,
  publishDirectory,
  replaceFile,
  swapLink,
} from '../../../src/system/index.ts'

const [deed = '', folder = ''] = process.argv.slice(2)

const deeds: Readonly<Record<string, () => void>> = {
  replaceFile: () => replaceFile(join(folder, 'file'), 'new'),
  swapLink: () => swapLink('target', join(folder, 'link')),
  publishDirectory: () =>
    publishDirectory(join(folder, 'staging/tree'), join(folder, 'final/tree')),
  append: () => openAppendLog(join(folder, 'log')).append({ a: 1 }),
}

deeds[deed]?.()
