import { AppError } from '../../errors/index.ts'
import { showName } from './archive-entry.ts'
import { invalidArchive } from './archive-file.ts'
import { decodeName } from './decode-name.ts'
import type { TarHeader } from './tar-header.ts'

/** What an extension entry says about the entry that follows it. */
export interface Extension {
  readonly path?: string
  readonly linkPath?: string
  readonly size?: number
  readonly modified?: number
}

/** Longer extensions are refused. */
export const extensionLimit = 64 * 1024

/** Records that change nothing we use. */
const ignoredRecords = new Set(['atime', 'ctime', 'uid', 'gid', 'uname', 'gname', 'comment'])

/** Reads the records of a pax header (POSIX ustar extended): `LENGTH KEY=VALUE\n`, again and again. */
export function parsePax(content: Buffer, scope: 'next entry' | 'all entries'): Extension {
  const extension: Record<string, string | number> = {}
  const seen = new Set<string>()
  for (const [key, value] of paxRecords(content)) {
    if (seen.has(key)) throw invalidArchive(`pax record ${showName(key)} given twice`)
    seen.add(key)
    if (ignoredRecords.has(key)) continue
    if (scope === 'all entries') {
      throw new AppError('archive-unsafe', `a pax header sets ${showName(key)} for all entries`)
    }
    Object.assign(extension, readRecord(key, value))
  }
  return extension
}

/** Reads a GNU long name: the text and one NUL. */
export function parseLongName(content: Buffer): string {
  const end = content.indexOf(0)
  if (end === -1 || end !== content.length - 1) throw invalidArchive('a GNU long name is malformed')
  return decodeName(content.subarray(0, end))
}

/**
 * The header with its extension applied. An extension may only say what the header itself has no room for:
 * two readers that disagree about a name or a size would unpack different trees.
 */
export function applyExtension(header: TarHeader, extension: Extension): TarHeader {
  const { path, linkPath, size, modified } = extension
  if (path !== undefined) assertNeeded('path', path, header.path)
  if (linkPath !== undefined) assertNeeded('link target', linkPath, header.linkPath)
  if (size !== undefined && header.size !== size && header.size !== 0) {
    throw invalidArchive(`two sizes for ${showName(path ?? header.path)}`)
  }
  return {
    ...header,
    path: path ?? header.path,
    linkPath: linkPath ?? header.linkPath,
    size: size ?? header.size,
    modified: modified ?? header.modified,
  }
}

function assertNeeded(what: string, extended: string, plain: string): void {
  const fitsHeader = /^[ -~]*$/.test(extended) && extended.length < 100
  if (fitsHeader && extended !== plain) {
    throw invalidArchive(`two ${what}s for one entry: ${showName(plain)} and ${showName(extended)}`)
  }
}

function* paxRecords(content: Buffer): Generator<[string, string]> {
  let offset = 0
  while (offset < content.length) {
    const space = content.indexOf(0x20, offset)
    const digits = content.toString('latin1', offset, space === -1 ? offset : space)
    const end = offset + Number(digits)
    const isWhole = /^[1-9]\d{0,6}$/.test(digits) && end <= content.length && end > space
    if (!isWhole || content[end - 1] !== 0x0a) throw invalidArchive('a pax record of wrong length')
    const text = decodeName(content.subarray(space + 1, end - 1))
    const equals = text.indexOf('=')
    if (equals < 1 || text.includes('\0')) throw invalidArchive('a malformed pax record')
    yield [text.slice(0, equals), text.slice(equals + 1)]
    offset = end
  }
}

function readRecord(key: string, value: string): Extension {
  if (key === 'path') return { path: value }
  if (key === 'linkpath') return { linkPath: value }
  if (key === 'mtime') return { modified: Math.floor(Number(value)) }
  if (key === 'size') {
    const size = Number(value)
    if (!/^\d+$/.test(value) || !Number.isSafeInteger(size)) {
      throw invalidArchive(`pax size ${showName(value)}`)
    }
    return { size }
  }
  throw new AppError('archive-unsafe', `pax record ${showName(key)} is not supported`, {
    hint: 'pack with `sluice pack`, or with tar --format=ustar or --format=gnu and no attributes',
  })
}
