import { closeSync, constants, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs'

import { readIfPresent, removeFile, replaceFile, withPath } from '../../system/index.ts'

/** What has arrived of a download, kept beside its final name so that a later run can go on. */
export interface PartialFile {
  readonly path: string
  size(): number
  /** Which version of the object the bytes are of (a strong ETag, or a date); undefined when that is not known. */
  validator(): string | undefined
  /** Throws away what is there and begins with a new version. */
  restart(validator: string | undefined): void
  append(bytes: Buffer): void
  close(): void
  /** Removes the note about the version; the file itself has been moved or is not wanted. */
  forget(): void
}

export function openPartialFile(path: string): PartialFile {
  const notePath = `${path}.version`
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW
  const descriptor = withPath(path, () => openSync(path, flags, 0o644))
  let size = fstatSync(descriptor).size

  function writeAll(bytes: Buffer): void {
    let offset = 0
    while (offset < bytes.length) {
      const count = writeSync(descriptor, bytes, offset, bytes.length - offset, size)
      offset += count
      size += count
    }
  }

  return {
    path,
    size: () => size,
    validator: () => readIfPresent(notePath)?.toString('utf8'),
    restart: (validator) => {
      withPath(path, () => ftruncateSync(descriptor))
      size = 0
      if (validator === undefined) removeFile(notePath)
      else replaceFile(notePath, validator)
    },
    append: (bytes) => withPath(path, () => writeAll(bytes)),
    close: () => closeSync(descriptor),
    forget: () => removeFile(notePath),
  }
}
