import { gzipSync, zstdCompressSync } from 'node:zlib'

import {
  paxEntry,
  paxRecord,
  tarEntry,
  tarOf,
  type TarParts,
} from '../../../test/support/build-tar.ts'
import { testBadArchives, type BadArchive } from '../../../test/support/unpack-case.ts'

const one =
  (parts: TarParts): (() => Buffer) =>
  () =>
    tarOf([tarEntry(parts)])

const many =
  (...parts: TarParts[]): (() => Buffer) =>
  () =>
    tarOf(parts.map((each) => tarEntry(each)))

const raw =
  (...entries: Buffer[]): (() => Buffer) =>
  () =>
    tarOf(entries)

function unsafe(name: string, bytes: () => Buffer, words?: RegExp): BadArchive {
  return { name, bytes, code: 'archive-unsafe', ...(words ? { words } : {}) }
}

function invalid(name: string, bytes: () => Buffer, words?: RegExp): BadArchive {
  return { name, bytes, code: 'archive-invalid', ...(words ? { words } : {}) }
}

const badNames = [
  '../x',
  'a/../../x',
  'a/..',
  '..\\x',
  'a\\..\\..\\x',
  './../x',
  '/etc/x',
  '//x',
  'C:\\x',
  'C:x',
  '\\\\host\\share',
  '/../a',
  'a//b',
  'a/./b',
  '././x',
  'line\nbreak',
  'return\rx',
  'escape\u001b[31m',
  'bidi\u202etxt',
  'tab\tx',
  'zero\u200bwidth',
  '\ufeffbom',
]

const links: readonly [string, TarParts[]][] = [
  ['a link to an absolute path', [{ name: 'l', type: '2', target: '/etc/passwd' }]],
  ['a link out by ..', [{ name: 'l', type: '2', target: '../x' }]],
  [
    'a link out to a name that is inside too',
    [{ name: 'l', type: '2', target: '../release.json' }],
  ],
  [
    'a link out and down to a name that is inside too',
    [{ name: 'a/l', type: '2', target: '../../release.json' }],
  ],
  ['a link out by a long way', [{ name: 'a/b/l', type: '2', target: '../../../x' }]],
  [
    'a link in and out again',
    [
      { name: 'a', type: '5' },
      { name: 'l', type: '2', target: 'a/../../x' },
    ],
  ],
  ['a link to itself', [{ name: 'l', type: '2', target: 'l' }]],
  [
    'two links in a circle',
    [
      { name: 'a', type: '2', target: 'b' },
      { name: 'b', type: '2', target: 'a' },
    ],
  ],
  ['a link to nothing', [{ name: 'l', type: '2', target: 'missing' }]],
  ['a link without a target', [{ name: 'l', type: '2' }]],
  ['a link with a control character', [{ name: 'l', type: '2', target: 'a\u001bb' }]],
  ['a link through a file', [{ name: 'f' }, { name: 'l', type: '2', target: 'f/x' }]],
  ['a link through a file and up', [{ name: 'f' }, { name: 'l', type: '2', target: 'f/../f' }]],
  [
    'a link through another link out',
    [
      { name: 'd/e', type: '5' },
      { name: 'a', type: '2', target: 'd/e' },
      { name: 'l', type: '2', target: 'a/../../../x' },
    ],
  ],
  [
    'a file below a link',
    [{ name: 'a', type: '2', target: 'd' }, { name: 'd', type: '5' }, { name: 'a/x' }],
  ],
  ['a file below a link to /tmp', [{ name: 'a', type: '2', target: '/tmp' }, { name: 'a/x' }]],
  [
    'a directory that becomes a link',
    [{ name: 'a', type: '5' }, { name: 'a', type: '2', target: '/tmp' }, { name: 'a/x' }],
  ],
  ['a file that becomes a directory', [{ name: 'a' }, { name: 'a', type: '5' }]],
  ['a directory that becomes a file', [{ name: 'a', type: '5' }, { name: 'a' }]],
  ['a file below a file', [{ name: 'a' }, { name: 'a/b' }]],
]

const collisions: readonly [string, string, string][] = [
  ['the same name twice', 'a', 'a'],
  ['names that differ in case', 'README', 'readme'],
  ['a name composed and decomposed', '\u00e9', 'e\u0301'],
  ['sharp s and ss', 'stra\u00dfe', 'strasse'],
  ['a ligature', '\ufb01le', 'file'],
  ['the Kelvin sign', '\u212a', 'k'],
  ['a leading ./', './a', 'a'],
  ['directories that differ in case', 'Dir/a', 'dir/b'],
  ['a second release.json in capitals', 'a', 'Release.JSON'],
]

const kinds = ['1', '3', '4', '6', '7', 'S', 'V', 'D', 'M', 'A', 'Z', '9']

const long = 'n'.repeat(90)

testBadArchives('tar', 'tar', [
  ...badNames.map((name) => unsafe(`the name ${JSON.stringify(name)}`, one({ name }))),
  unsafe('a part of 256 bytes', raw(paxEntry({ path: 'p'.repeat(256) }), tarEntry({ name: 'p' }))),
  unsafe(
    'a path of 4,097 bytes',
    raw(paxEntry({ path: `${`${long}/`.repeat(45)}x` }), tarEntry({})),
  ),
  unsafe('1,025 levels', raw(paxEntry({ path: 'a/'.repeat(1024) + 'a' }), tarEntry({}))),
  unsafe('129 levels', raw(paxEntry({ path: `${'a/'.repeat(128)}a` }), tarEntry({}))),
  unsafe('a parent in the prefix', one({ name: 'x', prefix: '..' })),
  ...links.map(([name, parts]) => unsafe(name, many(...parts))),
  unsafe(
    'a ring of 41 links',
    many(
      ...Array.from({ length: 41 }, (_, index) => ({
        name: `l${index}`,
        type: '2',
        target: `l${index + 1}`,
      })),
      { name: 'l41' },
    ),
    /circle/,
  ),
  ...collisions.map(([name, left, right]) => unsafe(name, many({ name: left }, { name: right }))),
  unsafe('a directory twice', many({ name: 'a', type: '5' }, { name: 'a', type: '5' })),
  ...kinds.map((type) =>
    unsafe(`an entry of kind ${type}`, one({ name: 'x', type, target: 'release.json' })),
  ),
  unsafe(
    'a hard link and then a file through it',
    many({ name: 'h', type: '1', target: '../secret' }, { name: 'h', content: 'x' }),
  ),
  unsafe('a GNU sparse record', raw(paxEntry({ 'GNU.sparse.major': '1' }), tarEntry({}))),
  unsafe('a vendor record', raw(paxEntry({ 'SCHILY.xattr.user.x': 'y' }), tarEntry({}))),
  unsafe('a path for all entries', raw(paxEntry({ path: 'x' }, 'g'), tarEntry({}))),
  invalid('a wrong checksum', one({ spoil: (block) => block.write('x', 0) })),
  invalid('an octal number with garbage', one({ edit: (block) => block.write('12x', 124) })),
  invalid('a signed octal number', one({ edit: (block) => block.write('-0000000001', 124) })),
  invalid('a negative size in base 256', one({ edit: (block) => block.fill(0xff, 124, 136) })),
  invalid(
    'a size beyond counting',
    one({ edit: (block) => block.fill(0x80, 124, 125).fill(0x7f, 125, 136) }),
  ),
  invalid('a size larger than the rest', one({ size: 100_000 })),
  invalid('an unknown dialect', one({ edit: (block) => block.fill(0, 257, 265) })),
  invalid(
    'bytes behind the end of a name',
    one({ edit: (block) => block.write('file\0hidden', 0) }),
  ),
  invalid('a name that is not UTF-8', one({ name: Buffer.from([0x61, 0xff, 0x62]) })),
  invalid('an overlong form of UTF-8', one({ name: Buffer.from([0xc0, 0xaf]) })),
  invalid('a directory with content', one({ type: '5', content: 'x' })),
  invalid('a link with content', one({ type: '2', target: 'release.json', content: 'x' })),
  invalid('a file named a directory', one({ name: 'a/' })),
  invalid('a file named ./', one({ name: './' })),
  invalid(
    'a pax path against a short name',
    raw(paxEntry({ path: 'evil' }), tarEntry({ name: 'good' })),
    /two paths/,
  ),
  invalid(
    'a pax link target against the header',
    raw(paxEntry({ linkpath: 'a' }), tarEntry({ type: '2', target: 'release.json' })),
  ),
  invalid(
    'a pax size against the header',
    raw(paxEntry({ size: '7' }), tarEntry({ content: 'abc' })),
    /two sizes/,
  ),
  invalid('a pax size that is no number', raw(paxEntry({ size: '0x10' }), tarEntry({}))),
  invalid('a pax record of wrong length', raw(paxEntry(Buffer.from('99 path=x\n')), tarEntry({}))),
  invalid('a pax record of length 0', raw(paxEntry(Buffer.from('0 path=x\n')), tarEntry({}))),
  invalid('a pax record without a line end', raw(paxEntry(Buffer.from('9 path=xy')), tarEntry({}))),
  invalid('a pax record without a key', raw(paxEntry(Buffer.from('5 =x\n')), tarEntry({}))),
  invalid('a pax record with NUL', raw(paxEntry({ path: 'a\0b' }), tarEntry({}))),
  invalid(
    'a pax record twice',
    raw(paxEntry(Buffer.from(paxRecord('mtime', '1') + paxRecord('mtime', '2'))), tarEntry({})),
  ),
  invalid(
    'a pax header of 10 MB',
    raw(paxEntry({ comment: 'x'.repeat(10_000_000) }), tarEntry({})),
  ),
  invalid(
    'a pax header on a GNU long name',
    raw(paxEntry({ mtime: '1' }), tarEntry({ type: 'L', content: `${long}\0` }), tarEntry({})),
  ),
  invalid('two pax headers', raw(paxEntry({ mtime: '1' }), paxEntry({ mtime: '2' }), tarEntry({}))),
  invalid(
    'a chain of GNU long names',
    raw(
      tarEntry({ type: 'L', content: `${long}\0` }),
      tarEntry({ type: 'L', content: `${long}2\0` }),
      tarEntry({}),
    ),
  ),
  invalid('a GNU long name without NUL', raw(tarEntry({ type: 'L', content: long }), tarEntry({}))),
  invalid(
    'a GNU long name with NUL inside',
    raw(tarEntry({ type: 'L', content: 'a\0b\0' }), tarEntry({})),
  ),
  invalid(
    'a GNU long name against a short name',
    raw(tarEntry({ type: 'L', content: 'evil\0' }), tarEntry({ name: 'good' })),
  ),
  invalid('an extension at the end', raw(paxEntry({ mtime: '1' }))),
  invalid('no end mark', () => tarOf([]).subarray(0, -1024)),
  invalid('half an end mark', () => tarOf([]).subarray(0, -512)),
  invalid('a single zero block between entries', raw(Buffer.alloc(512), tarEntry({}))),
  invalid(
    'entries after the end',
    () => Buffer.concat([tarOf([]), tarEntry({}), Buffer.alloc(1024)]),
    /after the end/,
  ),
  invalid('a length that is no multiple of 512', () =>
    Buffer.concat([tarOf([]), Buffer.from('x')]),
  ),
  invalid('an empty file', () => Buffer.alloc(0)),
  invalid('random bytes', () => Buffer.alloc(4096, 'random')),
  {
    name: 'no release.json',
    bytes: () => Buffer.concat([tarEntry({}), Buffer.alloc(1024)]),
    code: 'manifest-missing',
  },
  {
    name: 'release.json in a folder',
    bytes: () =>
      Buffer.concat([tarEntry({ name: 'app/release.json', content: '{}' }), Buffer.alloc(1024)]),
    code: 'manifest-missing',
  },
  {
    name: 'release.json as a link',
    bytes: () =>
      Buffer.concat([
        tarEntry({ name: 'r', content: '{}' }),
        tarEntry({ name: 'release.json', type: '2', target: 'r' }),
        Buffer.alloc(1024),
      ]),
    code: 'manifest-missing',
  },
  {
    name: 'release.json of 10 MB',
    bytes: () => tarOf([], `{"name":"${'x'.repeat(10_000_000)}"}`),
    code: 'manifest-invalid',
  },
  {
    name: 'too many entries',
    bytes: many(...Array.from({ length: 20 }, (_, index) => ({ name: `f${index}` }))),
    code: 'archive-too-large',
    limits: { entries: 10 },
  },
  {
    name: 'too many bytes in several files',
    bytes: many(...['a', 'b', 'c'].map((name) => ({ name, content: 'x'.repeat(2000) }))),
    code: 'archive-too-large',
    limits: { totalBytes: 5000 },
  },
  {
    name: 'too many bytes',
    bytes: one({ content: 'x'.repeat(5000) }),
    code: 'archive-too-large',
    limits: { totalBytes: 4000 },
  },
])

testBadArchives('compressed tar', 'tar.gz', [
  invalid('a plain tar named .tar.gz', () => tarOf([]), /not tar.gz inside but tar/),
  invalid('garbage after gzip', () => Buffer.concat([gzipSync(tarOf([])), Buffer.from('garbage')])),
  invalid(
    'zeros after gzip',
    () => Buffer.concat([gzipSync(tarOf([])), Buffer.alloc(512)]),
    /after the end/,
  ),
  invalid('gzip of gzip', () => gzipSync(gzipSync(tarOf([])))),
  invalid('gzip of nothing', () => gzipSync('')),
  invalid('gzip of text', () => gzipSync('hello'.repeat(1000))),
  invalid('gzip cut in its trailer', () => gzipSync(tarOf([])).subarray(0, -4)),
  invalid('a wrong CRC in gzip', () => {
    const bytes = gzipSync(tarOf([]))
    bytes.writeUInt32LE(1, bytes.length - 8)
    return bytes
  }),
  {
    name: 'a gzip bomb',
    bytes: () => gzipSync(tarOf([tarEntry({ content: Buffer.alloc(8_000_000) })])),
    code: 'archive-too-large',
    limits: { ratioFrom: 1_000_000 },
  },
  { ...invalid('bzip2', () => Buffer.from('BZh91AY&SY'), /bzip2/), file: 'app-1.tar.bz2' },
  {
    ...invalid(
      'a second zstd frame',
      () => Buffer.concat([zstdCompressSync(tarOf([])), zstdCompressSync('more')]),
      /frame/,
    ),
    file: 'app-1.tar.zst',
  },
  {
    ...invalid(
      'garbage after zstd',
      () => Buffer.concat([zstdCompressSync(tarOf([])), Buffer.from('x')]),
      /frame/,
    ),
    file: 'app-1.tar.zst',
  },
  {
    ...invalid('zstd cut by one byte', () => zstdCompressSync(tarOf([])).subarray(0, -1)),
    file: 'app-1.tar.zst',
  },
  { ...invalid('gzip named .tar.zst', () => gzipSync(tarOf([]))), file: 'app-1.tar.zst' },
])
