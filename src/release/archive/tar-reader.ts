import { AppError } from '../../errors/index.ts'
import { showName, type ArchiveEntry, type Content } from './archive-entry.ts'
import { invalidArchive } from './archive-file.ts'
import { openByteSource, type Arriving, type ByteSource } from './byte-source.ts'
import {
  applyExtension,
  extensionLimit,
  parseLongName,
  parsePax,
  type Extension,
} from './tar-extensions.ts'
import { blockSize, isZeroBlock, parseTarHeader, type TarHeader } from './tar-header.ts'

/**
 * The entries of a tar in their order. Strict: any disagreement, unknown kind of entry, or byte that belongs to
 * nothing is an error, because skipping quietly lets two readers see two different trees.
 */
export async function* readTar(input: AsyncIterable<Buffer>): AsyncGenerator<ArchiveEntry> {
  const source = openByteSource(input)
  try {
    for (const entry of readEntries(source)) {
      if (entry === undefined) await source.fill()
      else yield entry
    }
  } finally {
    await source.close()
  }
}

/** The entries, and undefined whenever the next chunk must arrive. */
function* readEntries(source: ByteSource): Generator<ArchiveEntry | undefined> {
  let pending = nothingPending
  for (;;) {
    const header = yield* nextHeader(source)
    if (header === undefined) break
    const extension = yield* readExtension(source, header)
    if (extension === undefined) {
      const extended = applyExtension(header, pending.extension)
      yield toEntry(source, extended)
      yield* skipPadding(source, extended.size)
      pending = nothingPending
    } else {
      pending = addExtension(pending, header.type, extension)
    }
  }
  if (pending.kinds !== '') throw invalidArchive('an extension at the end of the archive')
  yield* assertOnlyPadding(source)
}

/** The next header, or undefined at the two zero blocks that end a tar. */
function* nextHeader(source: ByteSource): Arriving<TarHeader | undefined> {
  const block = yield* takeBlock(source)
  if (!isZeroBlock(block)) return parseTarHeader(block)
  if (!isZeroBlock(yield* takeBlock(source))) {
    throw invalidArchive('a single zero block in the middle of the archive')
  }
  return undefined
}

function* takeBlock(source: ByteSource): Arriving<Buffer> {
  const block = yield* source.take(blockSize)
  if (block === undefined) throw invalidArchive('the archive has no end mark; it is cut short')
  return block
}

function toEntry(source: ByteSource, header: TarHeader): ArchiveEntry {
  const { path, size, mode, linkPath } = header
  if (header.type === '0') {
    if (path.endsWith('/')) throw invalidArchive(`the file ${showName(path)} is named a directory`)
    const content = (): Content => source.chunks(size)
    return { type: 'file', path, size, mode, modified: header.modified ?? 0, content }
  }
  if (header.type === '5' || header.type === '2') {
    if (size !== 0) throw invalidArchive(`${showName(path)} has content and is not a file`)
    return header.type === '5'
      ? { type: 'directory', path: path.replace(/\/$/, '') }
      : { type: 'link', path, target: linkPath }
  }
  throw new AppError('archive-unsafe', `${showName(path)} is ${kindOf(header.type)}`, {
    hint: 'a release holds files, directories and symbolic links only',
  })
}

/** What an extension entry says; undefined for ordinary entries. */
function* readExtension(source: ByteSource, header: TarHeader): Arriving<Extension | undefined> {
  const { type, size } = header
  if (type !== 'x' && type !== 'g' && type !== 'L' && type !== 'K') return undefined
  if (size > extensionLimit) throw invalidArchive(`a tar extension of ${size} bytes`)
  const content = size === 0 ? Buffer.alloc(0) : yield* source.take(size)
  if (content === undefined) throw invalidArchive('the archive is cut short')
  yield* skipPadding(source, size)
  if (type === 'L') return { path: parseLongName(content) }
  if (type === 'K') return { linkPath: parseLongName(content) }
  // Git puts its commit in a global header; one that would change entries is refused.
  return parsePax(content, type === 'x' ? 'next entry' : 'all entries')
}

/** Extension entries seen since the last ordinary entry: their type letters, and what they say together. */
interface Pending {
  readonly kinds: string
  readonly extension: Extension
}

const nothingPending: Pending = { kinds: '', extension: {} }

/** Only an ordinary entry can be extended: by one pax header, or by a GNU long path and a GNU long target. */
function addExtension(pending: Pending, type: string, extension: Extension): Pending {
  const kinds = pending.kinds + type
  if (!/^g*(x|LK?|KL?)?$/.test(kinds)) {
    throw invalidArchive('more than one tar extension for one entry')
  }
  return { kinds, extension: { ...pending.extension, ...extension } }
}

function* skipPadding(source: ByteSource, size: number): Arriving<void> {
  const length = (blockSize - (size % blockSize)) % blockSize
  if (length === 0) return
  const padding = yield* source.take(length)
  if (padding === undefined) throw invalidArchive('the archive is cut short')
}

function* assertOnlyPadding(source: ByteSource): Arriving<void> {
  for (let block = yield* source.take(blockSize); block; block = yield* source.take(blockSize)) {
    if (!isZeroBlock(block)) throw invalidArchive('data after the end of the archive')
  }
}

function kindOf(type: string): string {
  const kinds: Readonly<Record<string, string>> = {
    '1': 'a hard link',
    '3': 'a character device',
    '4': 'a block device',
    '6': 'a named pipe',
    '7': 'a contiguous file',
    S: 'a sparse file',
    V: 'a volume label',
    D: 'a directory dump',
    M: 'the rest of a multi-volume file',
  }
  return kinds[type] ?? `of the unknown kind ${showName(type)}`
}
