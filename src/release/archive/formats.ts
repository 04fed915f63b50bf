import { AppError } from '../../errors/index.ts'
import { invalidArchive, type ArchiveFile } from './archive-file.ts'

export type ArchiveFormat = 'zip' | 'tar' | 'tar.gz' | 'tar.zst'

const formatOfExtension: Readonly<Record<string, ArchiveFormat>> = {
  '.zip': 'zip',
  '.tar': 'tar',
  '.tar.gz': 'tar.gz',
  '.tgz': 'tar.gz',
  '.tar.zst': 'tar.zst',
  '.tzst': 'tar.zst',
}

/** What a file's name says it is; undefined when it says nothing we know. */
export function formatOfName(name: string): ArchiveFormat | undefined {
  const extension = extensionOf(name)
  return extension === undefined ? undefined : formatOfExtension[extension]
}

/** A file's name without the extension of an archive. */
export function nameWithoutExtension(name: string): string {
  return name.slice(0, name.length - (extensionOf(name)?.length ?? 0))
}

/** What the bytes are; they must be what the name says. */
export function detectFormat(file: ArchiveFile): ArchiveFormat {
  const format = formatOfContent(file.readAt(0, Math.min(file.size, 512)))
  const named = formatOfName(file.name)
  if (named !== undefined && named !== format) {
    throw invalidArchive(`${file.name} is not ${named} inside but ${format}`)
  }
  return format
}

function extensionOf(name: string): string | undefined {
  return Object.keys(formatOfExtension)
    .filter((extension) => name.toLowerCase().endsWith(extension))
    .toSorted((left, right) => right.length - left.length)[0]
}

function formatOfContent(start: Buffer): ArchiveFormat {
  const startsWith = (...bytes: number[]): boolean => start.indexOf(Buffer.from(bytes)) === 0
  if (startsWith(0x50, 0x4b, 3, 4) || startsWith(0x50, 0x4b, 5, 6)) return 'zip'
  if (startsWith(0x1f, 0x8b)) return 'tar.gz'
  if (startsWith(0x28, 0xb5, 0x2f, 0xfd)) return 'tar.zst'
  if (start.subarray(257, 262).toString('latin1') === 'ustar') return 'tar'
  if (startsWith(0x42, 0x5a, 0x68)) {
    throw new AppError('archive-invalid', 'bzip2 is not read by this version', {
      hint: 'pack the release as zip, tar.gz or tar.zst',
    })
  }
  throw invalidArchive('not a zip, tar, tar.gz or tar.zst archive')
}
