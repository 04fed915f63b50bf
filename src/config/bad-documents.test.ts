import assert from 'node:assert/strict'
import test from 'node:test'

import { AppError } from '../errors/index.ts'
import { parseDocument } from './parse-document.ts'

interface BadDocument {
  readonly name: string
  readonly content: string | Uint8Array
  /** Line and column, where the problem has one. */
  readonly at?: string
  readonly words: RegExp
}

const bad = (
  name: string,
  content: string | Uint8Array,
  words: RegExp,
  at?: string,
): BadDocument => ({
  name,
  content,
  words,
  ...(at === undefined ? {} : { at }),
})

const anyFormat: readonly BadDocument[] = [
  bad('an empty file', '', /is empty/),
  bad('white space only', ' \n\t \n', /is empty/),
  bad('a BOM and nothing else', '\ufeff', /is empty/),
  bad('invalid UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), /not UTF-8/),
  bad('an overlong form of UTF-8', Buffer.from([0x22, 0xc0, 0xaf, 0x22]), /not UTF-8/),
  bad('UTF-16', Buffer.from('\ufeff{"a": 1}', 'utf16le'), /not UTF-8/),
  bad('more than 1 MiB', `"${'x'.repeat(1024 * 1024)}"`, /1048578 bytes/),
  bad('10 MB', Buffer.alloc(10_000_000, 0x20), /10000000 bytes/),
  bad('NUL', '{"a":\n "x\0"}', /control character/, '2:4'),
  bad('ESC', '{"a": "x\u001b"}', /control character/, '1:9'),
  bad('DEL', '"\u007f"', /control character/),
  bad('__proto__ as a key', '{"a": {"__proto__": 1}}', /"__proto__" is not allowed/, '1:8'),
  bad('constructor as a key', '{"constructor": 1}', /not allowed/, '1:2'),
  bad('prototype as a key', '{"prototype": 1}', /not allowed/),
  bad('a key twice', '{"a": 1,\n "b": 2,\n "a": 3}', /"a" was already given in line 1/, '3:2'),
  bad('a key twice, deep', '{"x": [{"a": 1,\n"a": 3}]}', /already given in line 1/, '2:1'),
  bad('an integer beyond 2^53', '{"a": 12345678901234567890}', /loses digits/, '1:7'),
  bad('a negative integer beyond 2^53', '{"a": -9007199254740993}', /loses digits/),
  bad('1e400', '{"a": 1e400}', /loses digits/),
  bad('NUL by escape', '{"a": "\\u0000"}', /control character/, '1:7'),
  bad('ESC by escape', '{"a": "\\u001b[31m"}', /control character/),
  bad('65 levels', `${'['.repeat(66)}${']'.repeat(66)}`, /deeper than 64/),
  bad('200,000 levels', '['.repeat(200_000), /deeper than 64/, '1:65'),
  bad('200,000 maps', '{"a":'.repeat(200_000), /deeper than 64/),
]

const jsonOnly: readonly BadDocument[] = [
  bad('half a surrogate pair', '{"a": "\\ud800"}', /surrogate/, '1:7'),
  bad('a trailing comma in a map', '{"a": 1,}', /./, '1:9'),
  bad('a trailing comma in a list', '[1,]', /./),
  bad('a line comment', '// c\n{}', /comment/, '1:1'),
  bad('a block comment', '{/* c */}', /comment/),
  bad('two values', '{} {}', /./, '1:4'),
  bad('single quotes', "{'a': 1}", /./),
  bad('a bare word', '{a: 1}', /./),
  bad('NaN', '{"a": NaN}', /./),
  bad('Infinity', '{"a": Infinity}', /./),
  bad('a leading zero', '{"a": 01}', /./),
  bad('a plus sign', '{"a": +1}', /./),
  bad('hexadecimal', '{"a": 0x1F}', /./),
  bad('an open string', '{"a": "x', /./),
  bad('an open map', '{"a": 1', /./),
  bad('a line break in a string', '"a\nb"', /./),
  bad('a wrong escape', '"\\x41"', /./),
  bad('a missing colon', '{"a" 1}', /colon/, '1:6'),
  bad('a missing comma', '{"a": 1 "b": 2}', /comma/),
  bad('only a comma', ',', /./),
]

const yamlOnly: readonly BadDocument[] = [
  bad('only a comment', '# nothing\n', /no value/),
  bad('an anchor', 'a: &x 1', /anchor "&x"/, '1:4'),
  bad('an alias', 'a: 1\nb: *x', /alias "\*x"/, '2:4'),
  bad('an alias to itself', 'a: &a [*a]', /not allowed/),
  bad('a billion laughs', 'a: &a [x]\nb: &b [*a,*a]\nc: [*b,*b]', /not allowed/),
  bad('a function by tag', 'a: !!js/function "x"', /tag/),
  bad('an unknown tag', 'a: !foo 1', /tag/),
  bad('binary by tag', 'a: !!binary eA==', /tag/),
  bad('a set by tag', 'a: !!set {x}', /tag/),
  bad('a merge key', 'a:\n  <<: {b: 1}', /merge keys/, '2:3'),
  bad('a list as a key', '? [a]\n: 1', /plain word/),
  bad('null as a key', '? \n: 1', /plain word/),
  bad('infinity', 'a: .inf', /loses digits/),
  bad('not a number', 'a: .nan', /loses digits/),
  bad('tabs as indentation', 'a:\n\tb: 1', /tab/i),
  bad('two documents', 'a: 1\n---\nb: 2', /documents/),
  bad('20,000 nested lists', `${'- '.repeat(20_000)}a`, /deeper than 64/),
  bad(
    '65 indented maps',
    Array.from({ length: 66 }, (_, level) => `${' '.repeat(level)}a:`).join('\n'),
    /deeper than 64/,
  ),
  bad('20,000 flow lists in a map', `a: ${'['.repeat(20_000)}`, /deeper than 64/),
  bad('a key twice in block form', 'a: 1\nb: 2\na: 3', /already given in line 1/, '3:1'),
  bad('an open quote', 'a: "x', /./),
  bad('bad indentation', 'a: 1\n  b: 2', /./),
  bad('an unknown directive', '%FOO bar\n---\na: 1', /./),
]

function declare(format: 'json' | 'yaml', cases: readonly BadDocument[]): void {
  for (const { name, content, words, at } of cases) {
    test(`${format}: ${name} is refused`, async () => {
      const source = { file: 'f', content, format, code: 'config-invalid' } as const
      await assert.rejects(parseDocument(source), (error: unknown) => {
        assert.ok(error instanceof AppError, String(error))
        assert.equal(error.code, 'config-invalid')
        assert.match(error.message, words)
        if (at !== undefined) assert.ok(error.message.startsWith(`f:${at}: `), error.message)
        return true
      })
    })
  }
}

declare('json', [...anyFormat, ...jsonOnly])
declare('yaml', [...anyFormat.filter(({ name }) => name !== '200,000 maps'), ...yamlOnly])
