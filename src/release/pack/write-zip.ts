import type { Readable } from 'node:stream'

import type { PackItem } from './collect-tree.ts'

/** The bytes of a zip. */
export async function zipOf(items: readonly PackItem[], modified: number): Promise<Readable> {
  const { ZipFile } = await import('yazl')
  const zip = new ZipFile()
  const output = zip.outputStream as Readable
  zip.on('error', (error: Error) => output.destroy(error))
  const options = { mtime: zonelessDate(modified), forceDosTimestamp: true }
  for (const item of items) {
    if (item.type === 'directory') {
      zip.addEmptyDirectory(item.path, { ...options, mode: 0o040755 })
    } else if (item.type === 'link') {
      const target = Buffer.from(item.target)
      zip.addBuffer(target, item.path, { ...options, mode: 0o120777, compress: false })
    } else {
      zip.addFile(item.source, item.path, { ...options, mode: 0o100000 | item.mode })
    }
  }
  zip.end()
  return output
}

/** A zip has local times without a zone: this date reads the same in every zone. */
function zonelessDate(seconds: number): Date {
  const date = new Date(seconds * 1000)
  return new Date(
    date.getUTCFullYear(),
    date.getUTCMonth(),
    date.getUTCDate(),
    date.getUTCHours(),
    date.getUTCMinutes(),
    date.getUTCSeconds(),
  )
}
