import assert from 'node:assert/strict'
import test from 'node:test'

import { paxEntry, tarEntry, tarOf } from '../../../test/support/build-tar.ts'
import { readTar } from './tar-reader.ts'

const archive = tarOf([
  tarEntry({ type: '5', name: 'd/' }),
  tarEntry({ name: 'd/empty' }),
  paxEntry({ size: '700' }),
  // As for files too large for the header: only the extension knows the size.
  tarEntry({ name: 'd/extended', content: 'e'.repeat(700), size: 0 }),
  tarEntry({ name: 'd/block', content: 'b'.repeat(512) }),
  tarEntry({ type: 'L', name: '././@LongLink', content: `${'l'.repeat(120)}\0` }),
  tarEntry({ name: 'l'.repeat(100), content: 'long' }),
  tarEntry({ type: '2', name: 'link', target: 'd/block' }),
])

async function* inChunks(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let start = 0; start < bytes.length; start += size) {
    yield bytes.subarray(start, start + size)
    yield Buffer.alloc(0)
  }
}

async function describe(input: AsyncIterable<Buffer>): Promise<string[]> {
  const found: string[] = []
  for await (const entry of readTar(input)) {
    let content = ''
    if (entry.type === 'file') for await (const chunk of entry.content()) content += String(chunk)
    found.push(`${entry.type} ${entry.path} ${entry.type === 'link' ? entry.target : content}`)
  }
  return found
}

test('a tar reads the same in chunks of any size', async () => {
  const expected = [
    'file release.json {"name":"app","version":"1"}',
    'directory d ',
    'file d/empty ',
    `file d/extended ${'e'.repeat(700)}`,
    `file d/block ${'b'.repeat(512)}`,
    `file ${'l'.repeat(120)} long`,
    'link link d/block',
  ]
  for (const size of [1, 3, 511, 512, 513, 1000, 1024, archive.length]) {
    assert.deepEqual(await describe(inChunks(archive, size)), expected, `chunks of ${size}`)
  }
})

test('a tar that ends anywhere before its end mark is refused in chunks of any size', async () => {
  const end = archive.lastIndexOf('ustar') - 257 + 512
  for (let length = 0; length < end + 1024; length += 100) {
    for (const size of [7, 512, archive.length]) {
      await assert.rejects(
        describe(inChunks(archive.subarray(0, length), size)),
        { code: 'archive-invalid' },
        `${length} bytes in chunks of ${size}`,
      )
    }
  }
})
