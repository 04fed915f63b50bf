import assert from 'node:assert/strict'
import test from 'node:test'

import { renderTemplate } from '../../../host/index.ts'
import { camus2Dialect } from './mustache-dialect.ts'

function render(text: string, context: unknown, partials: Record<string, string> = {}): string {
  const loadPartial = (name: string): string | undefined => partials[name]
  return renderTemplate({ file: 't', text, context, dialect: camus2Dialect, loadPartial })
}

/** Name, template, context, expected text. */
const cases: readonly [string, string, unknown, string][] = [
  [
    'escapes HTML whatever the file is',
    '{{x}}',
    { x: `a&"'<>/\`=` },
    'a&amp;&quot;&#39;&lt;&gt;/`=',
  ],
  ['prints raw in triple braces', '{{{x}}} {{&x}}', { x: `&"'<>` }, `&"'<> &"'<>`],
  ['never escapes the current value', '{{#l}}{{.}}{{/l}}', { l: ['<a>'] }, '<a>'],
  ['prints nothing for a missing variable', 'a{{x}}{{y.z}}b', {}, 'ab'],
  ['prints null', '{{x}}', { x: null }, 'null'],
  ['shows neither branch of null', 'a{{#x}}b{{/x}}{{^x}}c{{/x}}', { x: null }, 'a'],
  ['opens a section for 0', '{{#x}}b{{/x}}', { x: 0 }, 'b'],
  ['opens a section for an empty text', '{{#x}}b{{/x}}', { x: '' }, 'b'],
  ['opens a section for an empty object', '{{#x}}b{{/x}}', { x: {} }, 'b'],
  ['does not open a section for an empty list', '{{#x}}b{{/x}}{{^x}}c{{/x}}', { x: [] }, 'c'],
  [
    'prints whole numbers as digits',
    '{{a}} {{b}} {{c}}',
    { a: 8000, b: 1e21, c: 2 ** 70 },
    '8000 1000000000000000000000 1180591620717411303424',
  ],
  ['prints big integers whole', '{{x}}', { x: 12345678901234567890n }, '12345678901234567890'],
  ['prints booleans', '{{t}} {{f}}', { t: true, f: false }, 'true false'],
  [
    'does not back-track in dotted names',
    '{{#a}}{{b.c}}{{/a}}',
    { a: { b: {} }, b: { c: 'x' } },
    '',
  ],
  ['has no optional tags', '{{?x}}', { '?x': 'odd', x: 'even' }, 'odd'],
  ['finds nothing that was not given', '{{constructor}}{{toString}}{{__proto__}}', {}, ''],
]

for (const [name, text, context, expected] of cases) {
  test(name, () => assert.equal(render(text, context), expected))
}

test('a missing partial is fatal even in a section that is not shown', () => {
  assert.throws(
    () => render('{{#no}}{{> gone.txt}}{{/no}}', {}),
    /partial "gone.txt" was not found/,
  )
})

test('a partial may include itself', () => {
  const tree = {
    n: 1,
    c: [
      { n: 2, c: [] },
      { n: 3, c: [] },
    ],
  }
  assert.equal(render('{{>t}}', tree, { t: '{{n}}({{#c}}{{>t}}{{/c}})' }), '1(2()3())')
})
