import { closeSync, createReadStream, openSync } from 'node:fs'
import type { Readable } from 'node:stream'

import { withPath } from '../../system/index.ts'
import type { SentFile } from '../server/send-file.ts'

/** Opens a file for one answer: what is removed or replaced meanwhile is still sent as it was. */
export function openSentFile(
  path: string,
  about: Pick<SentFile, 'etag' | 'size' | 'storedAt'>,
): SentFile {
  const descriptor = withPath(path, () => openSync(path, 'r'))
  let stream: Readable | undefined
  return {
    ...about,
    read: (start, end) => {
      // It closes the descriptor itself, once no read of it is under way any more.
      stream = createReadStream(path, { fd: descriptor, start, end })
      return stream
    },
    release: () => {
      if (stream === undefined) closeSync(descriptor)
      else stream.destroy()
    },
  }
}
