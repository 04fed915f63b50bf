import { crc32, deflateRawSync } from 'node:zlib'

import {
  bareZip,
  descriptor,
  extraField,
  wide,
  zip64End,
  zipOf,
  type ZipEdits,
  type ZipParts,
} from '../../../test/support/build-zip.ts'
import { testBadArchives, type BadArchive } from '../../../test/support/unpack-case.ts'

const one =
  (parts: ZipParts, edits?: ZipEdits): (() => Buffer) =>
  () =>
    zipOf([parts], edits)

function unsafe(name: string, bytes: () => Buffer, words?: RegExp): BadArchive {
  return { name, bytes, code: 'archive-unsafe', ...(words ? { words } : {}) }
}

function invalid(name: string, bytes: () => Buffer, words?: RegExp): BadArchive {
  return { name, bytes, code: 'archive-invalid', ...(words ? { words } : {}) }
}

const badNames = [
  '../x',
  'a/../../x',
  '/etc/x',
  '..\\x',
  'C:x',
  '',
  '.',
  'a/./b',
  'new\nline',
  'esc\u001b',
  'nul\0x',
  'a//b',
]

const unicodePath = (name: string, other: string): Buffer => {
  const head = Buffer.alloc(5)
  head.writeUInt8(1, 0)
  head.writeUInt32LE(crc32(name), 1)
  return extraField(0x7075, Buffer.concat([head, Buffer.from(other)]))
}

/** Content that the header tells the truth about, except where the test lies. */
const text = 'some content that is long enough to be compressed, compressed, compressed'
const packed = deflateRawSync(text)
const full = 0xffffffff

/** Too large to be inflated in one piece. */
const large = Buffer.from(
  Array.from({ length: 300_000 }, (_, index) => `${index * 7919} `).join(''),
)
const packedLarge = deflateRawSync(large)

testBadArchives('zip', 'zip', [
  ...badNames.map((name) => unsafe(`the name ${JSON.stringify(name)}`, one({ name }))),
  unsafe('a link to an absolute path', one({ name: 'l', content: '/etc', mode: 0o120777 })),
  unsafe('a link out', one({ name: 'l', content: '../x', mode: 0o120777 })),
  unsafe('a device', one({ name: 'd', mode: 0o020644 })),
  unsafe('a named pipe', one({ name: 'p', mode: 0o010644 })),
  unsafe('a socket', one({ name: 's', mode: 0o140644 })),
  unsafe('names that differ in case', () => zipOf([{ name: 'A' }, { name: 'a' }])),
  unsafe('a file and a directory of one name', () =>
    zipOf([{ name: 'a' }, { name: 'a/', mode: 0o040755 }]),
  ),
  unsafe('an encrypted entry', one({ flags: 0x801 })),
  unsafe('strong encryption', one({ flags: 0x841 })),
  unsafe('an encrypted directory', one({ flags: 0x2800 })),
  invalid('an unknown flag', one({ flags: 0x810 })),
  invalid('bzip2', one({ method: 12 }), /compressed by bzip2 \(method 12\)/),
  invalid('an unknown method', one({ method: 99 }), /unknown method 99/),
  invalid('an AES field', one({ extra: extraField(0x9901, Buffer.alloc(7)) })),
  invalid(
    'another name in the local header',
    one({ name: 'file', local: { name: 'evil' } }),
    /differ/,
  ),
  invalid('another size in the local header', one({ content: text, local: { size: 1 } })),
  invalid(
    'another packed size in the local header',
    one({ content: text, local: { compressedSize: 1 } }),
  ),
  invalid('another method in the local header', one({ content: text, local: { method: 0 } })),
  invalid('another CRC in the local header', one({ content: text, local: { checksum: 1 } })),
  invalid('other flags in the local header', one({ content: text, local: { flags: 0 } })),
  invalid('a wrong CRC', one({ content: text, checksum: 1 }), /damaged/),
  invalid('a file longer than announced', one({ content: text, size: 5 }), /longer|larger|damaged/),
  invalid('a file shorter than announced', one({ content: text, size: 500 })),
  invalid('stored with two sizes', one({ content: text, compress: false, size: 5 })),
  invalid(
    'bytes hidden behind the compressed data',
    one({ content: text, data: Buffer.concat([packed, Buffer.from('hidden')]) }),
    /hidden/,
  ),
  invalid('compressed data cut short', one({ content: text, data: packed.subarray(0, -4) })),
  invalid('compressed data that is none', one({ content: text, data: Buffer.alloc(40, 0xff) })),
  invalid('a name that is not marked as UTF-8', one({ name: 'é', flags: 0 })),
  invalid('a name that is not UTF-8', one({ name: Buffer.from([0x61, 0xff]) })),
  invalid('an overlong name', one({ name: Buffer.from([0xc0, 0xae]) })),
  invalid(
    'a second name in an extra field',
    one({ name: 'good', extra: unicodePath('good', 'evil') }),
  ),
  invalid('a cut extra field', one({ extra: Buffer.from([1, 0, 50, 0, 1]) })),
  invalid('a directory with content', one({ name: 'd/', content: 'x', mode: 0o040755 })),
  invalid('a directory with content and the mode of a file', one({ name: 'd/', content: 'x' })),
  invalid('a directory that is a link', one({ name: 'd/', mode: 0o120777 })),
  unsafe('a file and a directory with the mode of a file', () =>
    zipOf([{ name: 'a' }, { name: 'a/' }]),
  ),
  invalid('an entry on another disk', one({ central: { disk: 1 } })),
  invalid('a local header somewhere else', one({ central: { offset: 5 } })),
  invalid('overlapping entries', one({ name: 'x', central: { offset: 0 } })),
  invalid('two entries with one body', () =>
    bareZip([
      { name: 'release.json', content: '{}' },
      { name: 'a', content: text, central: { compressedSize: packed.length + 200 } },
      { name: 'b', content: text },
    ]),
  ),
  invalid(
    'bytes between the entries and the directory',
    one({}, { gap: Buffer.from('hidden') }),
    /unknown bytes/,
  ),
  invalid(
    'bytes before the first entry',
    one({}, { prefix: Buffer.from('PK\x03\x04#!/bin/sh\n') }),
  ),
  invalid('a program before the zip', one({}, { prefix: Buffer.from('#!/bin/sh\n') })),
  invalid('no end record', () => zipOf([]).subarray(0, -22)),
  invalid('an end record cut by one byte', () => zipOf([]).subarray(0, -1)),
  invalid('bytes after the end record', one({}, { after: Buffer.from('x') })),
  invalid('a comment of wrong length', one({}, { comment: Buffer.from('abc'), commentLength: 2 })),
  invalid(
    'an end record inside the comment',
    one({}, { comment: zipOf([]).subarray(-22) }),
    /two end records|hides/,
  ),
  invalid('two archives in one', () => Buffer.concat([zipOf([]), zipOf([{ name: 'b' }])])),
  invalid('several disks', one({}, { disk: 1 })),
  invalid('entries on other disks', one({}, { diskCount: 1 })),
  invalid('more entries announced', one({}, { count: 7 })),
  invalid('fewer entries announced', one({}, { count: 1 })),
  invalid('the directory before its place', one({}, { directoryOffset: 0 })),
  invalid('the directory past the end', one({}, { directoryOffset: 0x7fffffff })),
  invalid('a directory of wrong size', one({}, { directorySize: 10 })),
  invalid('a damaged directory', () => {
    const bytes = zipOf([{}])
    bytes.writeUInt32LE(0, bytes.readUInt32LE(bytes.length - 6))
    return bytes
  }),
  invalid('a zip64 end without a locator', one({}, { directoryOffset: full })),
  invalid(
    'a zip64 locator to nowhere',
    one({}, { beforeEnd: (place) => zip64End(place, 2, { locator: 3 }) }),
  ),
  invalid(
    'a zip64 locator past the end',
    one({}, { beforeEnd: (place) => zip64End(place, 2, { locator: 1e9 }) }),
  ),
  invalid(
    'a zip64 end that disagrees',
    one({}, { beforeEnd: (place) => zip64End(place, 2, { count: 9 }) }),
  ),
  invalid(
    'a zip64 end with another directory',
    one({}, { directoryOffset: full, beforeEnd: (place) => zip64End(place, 2, { offset: 1 }) }),
  ),
  invalid(
    'a zip64 field that is short',
    one({ central: { size: full, extra: extraField(1, Buffer.alloc(4)) } }),
  ),
  invalid('a zip64 field that is missing', one({ content: text, central: { size: full } })),
  invalid('a zip64 field that is not needed', one({ central: { extra: extraField(1, wide(1)) } })),
  invalid(
    'a zip64 field twice',
    one({
      central: {
        size: full,
        extra: Buffer.concat([extraField(1, wide(0)), extraField(1, wide(0))]),
      },
    }),
  ),
  invalid(
    'a zip64 size beyond counting',
    one({ central: { size: full, extra: extraField(1, Buffer.alloc(8, 0xff)) } }),
  ),
  invalid('a large file with a wrong CRC', one({ content: large, checksum: 1 }), /damaged/),
  invalid('a large file longer than announced', one({ content: large, size: 1_500_000 }), /longer/),
  invalid(
    'a large file shorter than announced',
    one({ content: large, size: 9_000_000 }),
    /damaged/,
  ),
  invalid('a large file cut short', one({ content: large, data: packedLarge.subarray(0, -9) })),
  invalid(
    'bytes hidden behind a large file',
    one({ content: large, data: Buffer.concat([packedLarge, Buffer.alloc(99)]) }),
    /hidden/,
  ),
  invalid(
    'a descriptor that lies',
    one({
      content: text,
      flags: 0x808,
      local: { checksum: 0, size: 0, compressedSize: 0 },
      descriptor: descriptor(1, packed.length, text.length),
    }),
    /descriptor/,
  ),
  invalid(
    'no descriptor where one is announced',
    one({ content: text, flags: 0x808, local: { checksum: 0, size: 0, compressedSize: 0 } }),
  ),
  { ...invalid('a zip named .tar.gz', () => zipOf([]), /not tar.gz/), file: 'app-1.tar.gz' },
  { name: 'no release.json', bytes: () => bareZip([{ name: 'a' }]), code: 'manifest-missing' },
  { name: 'no entries', bytes: () => bareZip([]), code: 'manifest-missing' },
  {
    name: 'release.json as a link',
    bytes: () =>
      bareZip([
        { name: 'r', content: '{}' },
        { name: 'release.json', content: 'r', mode: 0o120777 },
      ]),
    code: 'manifest-missing',
  },
  {
    name: 'too many entries',
    bytes: () => zipOf(Array.from({ length: 20 }, (_, index) => ({ name: `f${index}` }))),
    code: 'archive-too-large',
    limits: { entries: 10 },
  },
  {
    name: 'too many bytes announced',
    bytes: one({ content: 'x'.repeat(5000) }),
    code: 'archive-too-large',
    limits: { totalBytes: 4000 },
  },
  {
    name: 'a bomb',
    bytes: one({ content: Buffer.alloc(8_000_000) }),
    code: 'archive-too-large',
    limits: { ratioFrom: 1_000_000 },
  },
  {
    name: 'a bomb that lies about its size',
    bytes: one({ content: Buffer.alloc(8_000_000), size: 100 }),
    code: 'archive-invalid',
  },
])
