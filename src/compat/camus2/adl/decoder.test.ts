import assert from 'node:assert/strict'
import test from 'node:test'

import {
  adlMaybe,
  adlString,
  adlStringMap,
  adlStruct,
  adlUnion,
  adlVector,
  adlWord32,
  voidBranch,
  type Decoder,
} from './decoder.ts'
import { decodeDocument } from './decode-document.ts'
import { parseJson } from './parse-json.ts'
import { parseYaml } from './parse-yaml.ts'

const mode = adlUnion<unknown>('discriminator for Mode', {
  off: voidBranch<unknown>('off'),
  on: adlStruct({ port: { decode: adlWord32 } }),
})
const sample = adlStruct({
  name: { decode: adlString },
  list: { decode: adlVector(adlString), fallback: () => [] },
  modes: { decode: adlStringMap(mode), fallback: () => new Map() },
  maybe: { decode: adlMaybe(adlString), fallback: () => undefined },
})

/** What is decoded: name, decoder, value, expected message. */
const refused: readonly [string, Decoder<unknown>, unknown, string][] = [
  ['a number for a string', adlString, 1, 'expected a string at $'],
  ['null for a string', adlString, null, 'expected a string at $'],
  ['a boolean for a string', adlString, false, 'expected a string at $'],
  ['a string for a number', adlWord32, '8000', 'expected a number at $'],
  ['a fraction for an integer', adlWord32, 1.5, 'expected an Word32 at $'],
  ['a negative integer', adlWord32, -1, 'expected an Word32 at $'],
  ['an integer of 33 bits', adlWord32, 2 ** 32, 'expected an Word32 at $'],
  ['an object for a list', adlVector(adlString), {}, 'expected an array at $'],
  ['a list for an object', sample, [], 'expected an object at $'],
  ['a text for an object', sample, 'x', 'expected an object at $'],
  ['a missing field', sample, {}, 'expected field name at $'],
  [
    'null in a field with a default',
    sample,
    { name: 'a', list: null },
    'expected an array at list',
  ],
  ['a wrong list item', sample, { name: 'a', list: ['x', 2] }, 'expected a string at list.[1]'],
  ['an unknown tag', mode, 'half', 'expected a discriminator for Mode (off,on) at half'],
  [
    'an inherited name as a tag',
    mode,
    'toString',
    'expected a discriminator for Mode (off,on) at toString',
  ],
  [
    'two tags',
    mode,
    { on: { port: 1 }, off: null },
    'expected string or singleton object for union at $',
  ],
  ['no tag', mode, {}, 'expected string or singleton object for union at $'],
  ['a list for a union', mode, [], 'expected string or singleton object for union at $'],
  ['null for a union', mode, null, 'expected string or singleton object for union at $'],
  ['a bare tag that needs a payload', mode, 'on', 'expected an object at on'],
  ['a payload for a void tag', mode, { off: 1 }, 'expected null at off'],
  [
    'a plain value for a Maybe',
    adlMaybe(adlString),
    'x',
    'expected a Maybe discriminator (nothing,just) at x',
  ],
  [
    'null for a Maybe',
    sample,
    { name: 'a', maybe: null },
    'expected string or singleton object for union at maybe',
  ],
  [
    'a wrong value in a Maybe',
    sample,
    { name: 'a', maybe: { just: 1 } },
    'expected a string at maybe.just',
  ],
  [
    'a wrong value deep inside',
    sample,
    { name: 'a', modes: { x: { on: { port: 'y' } } } },
    'expected a number at modes.x.on.port',
  ],
]

for (const [name, decode, value, message] of refused) {
  test(`refuses ${name} and tells where`, () => {
    assert.throws(() => decode(value, []), { code: 'config-invalid', message })
  })
}

test('fills in defaults and ignores unknown fields', () => {
  const decoded = sample({ name: 'a', other: 1 }, [])
  assert.deepEqual(decoded, { name: 'a', list: [], modes: new Map(), maybe: undefined })
})

test('takes a void branch bare or with null, and integers written as decimals', () => {
  assert.equal(mode('off', []), 'off')
  assert.equal(mode({ off: null }, []), 'off')
  assert.equal(adlWord32(JSON.parse('8000.0'), []), 8000)
})

test('orders maps by code points', () => {
  const map = adlStringMap(adlString)({ b: '', a: '', Z: '', é: '', '😀': '', ﬁ: '' }, [])
  assert.deepEqual([...map.keys()], ['Z', 'a', 'b', 'é', 'ﬁ', '😀'])
})

test('keeps a map key named __proto__', () => {
  const map = adlStringMap(adlString)(JSON.parse('{"__proto__": "x"}'), [])
  assert.deepEqual([...map], [['__proto__', 'x']])
})

test('names type and file of a document', () => {
  assert.throws(
    () => decodeDocument(sample, { type: 'config.Sample', file: '/etc/x.json', value: {} }),
    {
      message:
        'Unable to parse a value of ADL type config.Sample from /etc/x.json: expected field name at $',
    },
  )
})

test('JSON keeps all digits of large integers', () => {
  assert.deepEqual(parseJson('[12345678901234567890, 1.5, 7]', 'f'), [
    12345678901234567890n,
    1.5,
    7,
  ])
})

test('YAML is read as version 1.1 without its odder types', async () => {
  const text = 'a: no\nb: Yes\nc: 1.21\nd: 1.21.3\ne: 2019-08-29\nf: 80:30\ng: ~\nh: 0x1f\n'
  assert.deepEqual(await parseYaml(text, 'f'), {
    a: false,
    b: true,
    c: 1.21,
    d: '1.21.3',
    e: '2019-08-29',
    f: '80:30',
    g: null,
    h: 31,
  })
})

test('YAML resolves anchors and merge keys, and the last of equal keys wins', async () => {
  const text = 'a: &x {p: 1}\nb:\n  <<: *x\n  q: 2\nc: 1\nc: 2\n'
  assert.deepEqual(await parseYaml(text, 'f'), { a: { p: 1 }, b: { p: 1, q: 2 }, c: 2 })
})

test('YAML that is broken or explodes is refused with the file', async () => {
  await assert.rejects(parseYaml('a: [', '/x.yaml'), /Invalid yaml: [^]*\/x\.yaml/)
  const bomb = ['a0: &a0 [x,x,x,x,x,x,x,x,x]']
  for (let n = 1; n < 9; n++) {
    bomb.push(`a${n}: &a${n} [${Array.from({ length: 9 }, () => `*a${n - 1}`).join(',')}]`)
  }
  await assert.rejects(parseYaml(bomb.join('\n'), '/x.yaml'), { code: 'config-invalid' })
})
