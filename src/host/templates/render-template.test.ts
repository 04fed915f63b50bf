import assert from 'node:assert/strict'
import test from 'node:test'

import { AppError } from '../../errors/index.ts'
import { nativeDialect } from './native-dialect.ts'
import { renderTemplate } from './render-template.ts'

function render(
  text: string,
  context: unknown = {},
  partials: Record<string, string> = {},
): string {
  return renderTemplate({
    file: 'app.txt.tpl',
    text,
    context,
    dialect: nativeDialect('none'),
    loadPartial: (name) => partials[name],
  })
}

/** Behaviours of the mustache specification: name, template, context, expected text. */
const spec: readonly [name: string, text: string, context: unknown, expected: string][] = [
  ['plain text', 'no tags { here } at all', {}, 'no tags { here } at all'],
  ['a variable', 'Hello {{who}}.', { who: 'you' }, 'Hello you.'],
  ['white space in a tag', '{{  who  }}', { who: 'you' }, 'you'],
  ['a number', '{{n}} {{f}}', { n: 85, f: 1.21 }, '85 1.21'],
  ['a big integer', '{{n}}', { n: 12345678901234567890n }, '12345678901234567890'],
  ['booleans', '{{t}}{{f}}', { t: true, f: false }, 'truefalse'],
  ['a dotted name', '{{a.b.c}}', { a: { b: { c: 'x' } } }, 'x'],
  [
    'dotted names resolve in the inner scope first',
    '{{#a}}{{b.c}}{{/a}}',
    { a: { b: { c: 1 } }, b: { c: 2 } },
    '1',
  ],
  ['an outer name inside a section', '{{#a}}{{x}}{{/a}}', { a: {}, x: 1 }, '1'],
  ['the current value', '{{#list}}({{.}}){{/list}}', { list: ['a', 2, true] }, '(a)(2)(true)'],
  ['nested lists', '{{#l}}({{#.}}{{.}}{{/.}}){{/l}}', { l: [[1, 2], ['a']] }, '(12)(a)'],
  ['a false section', 'a{{#x}}b{{/x}}c', { x: false }, 'ac'],
  ['a missing section', 'a{{#x}}b{{/x}}c', {}, 'ac'],
  ['an empty list', 'a{{#x}}b{{/x}}c', { x: [] }, 'ac'],
  ['a null section', 'a{{#x}}b{{/x}}{{^x}}d{{/x}}', { x: null }, 'ad'],
  ['zero opens a section', '{{#x}}b{{/x}}', { x: 0 }, 'b'],
  ['an empty text opens a section', '{{#x}}b{{/x}}', { x: '' }, 'b'],
  ['an inverted section', '{{^x}}b{{/x}}', {}, 'b'],
  ['an inverted section of a true value', '{{^x}}b{{/x}}', { x: 1 }, ''],
  ['a dotted section', '{{#a.b}}{{c}}{{/a.b}}', { a: { b: { c: 1 } } }, '1'],
  ['a comment', 'a{{! anything }}b', {}, 'ab'],
  ['a comment over lines', 'a\n  {{! one\n  two }}\nb', {}, 'a\nb'],
  ['a comment within a line', 'a {{! one }}\n', {}, 'a \n'],
  ['section tags alone on their lines', 'a\n{{#x}}\nb\n{{/x}}\nc', { x: true }, 'a\nb\nc'],
  ['indented section tags', 'a\n  {{#x}}\n  b\n\t{{/x}}\nc', { x: true }, 'a\n  b\nc'],
  ['section tags at the end without newline', 'a\n  {{#x}}\nb\n  {{/x}}', { x: true }, 'a\nb\n'],
  ['standalone tags with CRLF', '|\r\n{{#x}}\r\n{{/x}}\r\n|', { x: true }, '|\r\n|'],
  ['a variable is never standalone', '  {{x}}\n', { x: 1 }, '  1\n'],
  ['two tags on a line are not standalone', '{{#x}} {{/x}}\n', { x: true }, ' \n'],
  ['changed delimiters', '{{=<% %>=}}(<%x%>)', { x: 1 }, '(1)'],
  ['delimiters changed twice', '{{=| |=}}|x|{{x}}|={{ }}=|{{x}}', { x: 1 }, '1{{x}}1'],
  ['a standalone delimiter tag', 'a\n {{=@ @=}}\nb', {}, 'a\nb'],
  ['an own `?` with a value', '{{?x}}', { x: 1 }, '1'],
  ['an own `?` without a value', 'a{{?x}}b', {}, 'ab'],
  ['an own `?` with null', 'a{{?x}}b', { x: null }, 'ab'],
  ['a raw variable', '{{{x}}} {{&x}}', { x: '<&>' }, '<&> <&>'],
  ['a value that looks like a tag', '{{x}}', { x: '{{y}}' }, '{{y}}'],
  ['a value with $ patterns', '{{x}}', { x: '$& $1 $$' }, '$& $1 $$'],
  ['names with dashes and unicode', '{{a-b}}{{ü}}', { 'a-b': 1, ü: 2 }, '12'],
  ['an own key named constructor', '{{constructor}}', { constructor: 'mine' }, 'mine'],
  ['an own key named __proto__', '{{__proto__}}', JSON.parse('{"__proto__":"own"}'), 'own'],
  ['braces that are no tag', '{ {x} } }}', {}, '{ {x} } }}'],
  ['an empty template', '', {}, ''],
]

for (const [name, text, context, expected] of spec) {
  test(`renders ${name}`, () => assert.equal(render(text, context), expected))
}

const partialCases: readonly [string, string, unknown, Record<string, string>, string][] = [
  ['a partial', '[{{>p}}]', { x: 1 }, { p: '{{x}}' }, '[1]'],
  ['a partial by its file name', '{{> conf/p.txt }}', {}, { 'conf/p.txt': 'yes' }, 'yes'],
  [
    'a standalone partial with indentation',
    ' {{>p}}\n>',
    { c: '<\n-' },
    { p: '|\n{{{c}}}\n|\n' },
    ' |\n <\n-\n |\n>',
  ],
  ['a partial within a line', 'a {{>p}}\nb', {}, { p: 'x\n' }, 'a x\n\nb'],
  [
    'a recursive partial',
    '{{>n}}',
    { c: 'X', n: [{ c: 'Y', n: [] }] },
    { n: '{{c}}<{{#n}}{{>n}}{{/n}}>' },
    'X<Y<>>',
  ],
  ['delimiters that do not reach a partial', '{{=< >=}}<>p>', { x: 1 }, { p: '{{x}}' }, '1'],
  ['an indented CRLF partial', '  {{>p}}\r\n', {}, { p: 'a\r\nb\r\n' }, '  a\r\n  b\r\n'],
]

for (const [name, text, context, partials, expected] of partialCases) {
  test(`renders ${name}`, () => assert.equal(render(text, context, partials), expected))
}

/** Templates that are refused: name, template, context, what the message says. */
const refused: readonly [string, string, unknown, RegExp][] = [
  ['a missing variable', 'ok\n  {{host}}', {}, /^app\.txt\.tpl:2:3: "host" has no value$/],
  ['a missing part of a dotted name', '{{db.host}}', { db: {} }, /1:1: "db\.host" has no value/],
  ['a dotted name through a text', '{{a.length}}', { a: 'text' }, /"a\.length" has no value/],
  ['a dotted name through a list', '{{a.0}}', { a: [1] }, /"a\.0" has no value/],
  ['an inherited property', '{{constructor}}', {}, /"constructor" has no value/],
  ['an inherited method', '{{toString}}', {}, /"toString" has no value/],
  ['a part of the prototype', '{{constructor.name}}', {}, /has no value/],
  ['__proto__ that nobody set', '{{__proto__}}', {}, /has no value/],
  [
    'a back-tracking lookup',
    '{{#a}}{{b.c}}{{/a}}',
    { a: { b: {} }, b: { c: 1 } },
    /"b\.c" has no value/,
  ],
  ['null', '{{x}}', { x: null }, /1:1: a value that is null cannot be printed/],
  ['an object', '{{x}}', { x: {} }, /a value that is an object/],
  ['a list', '{{x}}', { x: [1] }, /a value that is a list/],
  ['a function', '{{x}}', { x: () => 'run' }, /a value that is a function/],
  ['an unclosed tag', 'a {{x', {}, /1:3: the tag that begins here is not closed by }}/],
  ['an unclosed raw tag', '{{{x}}', {}, /not closed by }}}/],
  ['an unclosed comment', '{{! a', {}, /not closed/],
  ['an unclosed section', '{{#a}}\nx', {}, /1:1: section "a" is never closed/],
  [
    'an unclosed inner section',
    '{{#a}}{{#b}}{{/a}}',
    {},
    /"a" closes a section while "b" of line 1 is open/,
  ],
  [
    'a section closed twice',
    '{{#a}}{{/a}}{{/a}}',
    {},
    /1:13: section "a" is closed but was not opened/,
  ],
  ['sections that cross', '{{#a}}{{#b}}{{/a}}{{/b}}', {}, /closes a section while/],
  ['a tag without a name', 'x{{}}', {}, /1:2: a tag needs a name/],
  ['a tag of white space', '{{   }}', {}, /a tag needs a name/],
  ['a section without a name', '{{#}}{{/}}', {}, /a tag needs a name/],
  ['a partial without a name', '{{>}}', {}, /a partial needs a name/],
  ['a name with white space', '{{a b}}', {}, /the name "a b" holds white space/],
  ['a name with two dots', '{{a..b}}', {}, /empty part/],
  ['a name that begins with a dot', '{{.a}}', {}, /empty part/],
  ['a name that ends with a dot', '{{a.}}', {}, /empty part/],
  ['one delimiter', '{{=<%=}}', {}, /is not a pair of delimiters/],
  ['three delimiters', '{{=a b c=}}', {}, /is not a pair of delimiters/],
  ['delimiters with an equals sign', '{{== ===}}', {}, /is not a pair of delimiters/],
  ['an unclosed delimiter tag', '{{=<% %>}}', {}, /not closed by =}}/],
  ['a missing partial', '\n {{>gone}}', {}, /2:2: partial "gone" was not found/],
  ['a missing partial in a false section', '{{#no}}{{>gone}}{{/no}}', {}, /"gone" was not found/],
  ['a missing variable in a list', '{{#l}}{{x}}{{/l}}', { l: [{ x: 1 }, {}] }, /"x" has no value/],
]

for (const [name, text, context, message] of refused) {
  test(`refuses ${name}`, () => {
    assert.throws(() => render(text, context), { code: 'template-invalid', message })
  })
}

test('names the partial in which a variable is missing', () => {
  assert.throws(() => render('{{>p}}', {}, { p: 'a\n{{x}}' }), /^AppError: p:2:1: "x" has no value/)
})

test('refuses a missing partial of a partial', () => {
  assert.throws(() => render('{{>p}}', {}, { p: '{{>q}}' }), /p:1:1: partial "q" was not found/)
})

test('tells how to allow a missing variable', () => {
  assert.throws(
    () => render('{{x}}'),
    (error) => error instanceof AppError && /\{\{\?x}}/.test(error.hint ?? ''),
  )
})

test('accepts 64 levels of sections and refuses 65', () => {
  assert.equal(render(nested(64), { a: true }), 'x')
  assert.throws(() => render(nested(65), { a: true }), /nest deeper than 64/)
})

test('ends a partial that includes itself without end', () => {
  assert.throws(() => render('{{>p}}', {}, { p: '{{>p}}' }), /"p" nests deeper than 64 levels/)
})

test('refuses a text that renders to more than 10 MB', () => {
  const list = Array.from({ length: 1001 }, () => 'y'.repeat(10 * 1024))
  assert.throws(
    () => render('{{#list}}{{.}}\n{{/list}}', { list: [...list, ...list] }),
    /larger than/,
  )
})

test('refuses a template of more than 10 MB', () => {
  assert.throws(() => render('y'.repeat(10 * 1024 * 1024 + 1)), /larger than/)
})

function nested(depth: number): string {
  return `${'{{#a}}'.repeat(depth)}x${'{{/a}}'.repeat(depth)}`
}
