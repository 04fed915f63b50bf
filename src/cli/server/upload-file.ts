import { createReadStream } from 'node:fs'

import { ioError } from '../../system/index.ts'

export interface UploadedFile {
  readonly path: string
  readonly size: number
  /** Hears how many bytes are on their way. */
  readonly onProgress: (done: number) => void
}

/** The file piece by piece, as large as it was when its size was taken. @throws AppError `io-failed`. */
export async function* piecesOf({ path, size, onProgress }: UploadedFile): AsyncGenerator<Buffer> {
  let done = 0
  try {
    for await (const chunk of createReadStream(path, { end: size - 1 })) {
      const piece = chunk as Buffer
      yield piece
      done += piece.length
      onProgress(done)
    }
  } catch (thrown) {
    throw ioError(path, thrown)
  }
}
