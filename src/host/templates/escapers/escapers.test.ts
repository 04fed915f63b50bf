import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import test from 'node:test'

import { escapeKindOf, type EscapeKind } from '../escape-kind.ts'
import { nativeDialect } from '../native-dialect.ts'
import { renderTemplate } from '../render-template.ts'

function render(kind: EscapeKind, text: string, x: unknown): string {
  return renderTemplate({
    file: 't',
    text,
    context: { x },
    dialect: nativeDialect(kind),
    loadPartial: () => undefined,
  })
}

const hostile = [
  ';id',
  '`id`',
  '$(id)',
  "'",
  '"',
  '\\',
  'a\nb',
  '-rf',
  '*',
  '~',
  '%0a',
  '',
  '!!',
  '$HOME',
  "'\"'\"'",
  'a b',
  '#x',
  'ü€😀',
  'x'.repeat(70_000),
] as const

for (const value of hostile) {
  const shown = JSON.stringify(value.slice(0, 10))
  test(`a shell reads ${shown} back as one word, bare and in both kinds of quotes`, () => {
    for (const template of ['printf %s {{x}}', `printf %s "{{x}}"`, `printf %s '{{x}}'`]) {
      const script = render('shell', template, value)
      assert.equal(execFileSync('/bin/sh', { input: script, encoding: 'utf8' }), value)
    }
  })

  test(`JSON reads ${shown} back, quoted and bare`, () => {
    assert.deepEqual(JSON.parse(render('json', '{"a": "{{x}}"}', value)), { a: value })
    assert.deepEqual(JSON.parse(render('json', '{"a": {{x}}}', value)), { a: value })
  })
}

const shellRefused: readonly [string, string][] = [
  ['a command substitution', 'a="$(cat {{x}})"'],
  ['backquotes', 'a=`cat {{x}}`'],
  ['a here-document', 'cat <<EOF\n{{x}}\nEOF\n'],
  ['a quoted here-document', "cat <<'EOF'\n{{x}}\nEOF\n"],
  ['a comment', '# from {{x}}\n'],
]

for (const [place, template] of shellRefused) {
  test(`a shell script refuses a value with special characters in ${place}`, () => {
    assert.throws(() => render('shell', template, 'a;id'), /t:\d+:\d+: .*cannot be quoted safely/)
    assert.match(render('shell', template, 'v1.2-3'), /v1\.2-3/)
  })
}

test('a shell script quotes again after a here-document and a comment', () => {
  const script = "cat <<EOF\nit's\nEOF\n# don't\nprintf %s {{x}}"
  assert.equal(
    execFileSync('/bin/sh', { input: render('shell', script, '; id'), encoding: 'utf8' }),
    "it's\n; id",
  )
})

test('a shell script refuses NUL and escape characters', () => {
  assert.throws(() => render('shell', '{{x}}', 'a\0b'), /control character/)
  assert.throws(() => render('shell', '{{x}}', 'a\x1bb'), /control character/)
})

test('YAML takes harmless values unquoted', () => {
  for (const value of ['web-1', 8080, true, 'a:1', 'x#y', 'https://a.example/b?c=d', 'a, b']) {
    assert.equal(render('yaml', 'k: {{x}}\n', value), `k: ${value}\n`)
  }
})

for (const value of [
  'a: b',
  'a #b',
  'a:',
  '- a',
  '[a',
  '{a',
  '*a',
  '&a',
  '!a',
  '|',
  '>',
  "'a",
  '"a',
  '%a',
  '@a',
  '`a',
  '#a',
  'a\nb: c',
  ' a',
  'a ',
  'a\u2028b',
  '? a',
]) {
  test(`YAML refuses ${JSON.stringify(value)} unquoted and takes it in double quotes`, () => {
    assert.throws(() => render('yaml', 'k: {{x}}\n', value), { code: 'template-invalid' })
    assert.equal(render('yaml', 'k: "{{x}}"', value), `k: ${JSON.stringify(value)}`)
  })
}

test('YAML doubles single quotes inside single quotes', () => {
  assert.equal(render('yaml', "k: '{{x}}'", "it's"), "k: 'it''s'")
  assert.throws(() => render('yaml', "k: '{{x}}'", 'a\nb'), /several lines/)
})

test('YAML refuses separators inside a flow list', () => {
  assert.throws(() => render('yaml', 'k: [{{x}}]', 'a, b'), /change the meaning/)
  assert.equal(render('yaml', 'k: ["{{x}}", b]', 'a, b'), 'k: ["a, b", b]')
})

test('YAML knows that a quote in a word or a comment opens nothing', () => {
  assert.throws(() => render('yaml', "# don't\nit's: {{x}}", 'a: b'), /change the meaning/)
})

test('an environment file takes plain values and escapes inside double quotes', () => {
  assert.equal(render('env', 'A={{x}}\n', 'a b,c'), 'A=a b,c\n')
  assert.equal(render('env', 'A="{{x}}"\n', 'a"$b`c\\'), 'A="a\\"\\$b\\`c\\\\"\n')
})

for (const value of [
  'a\nPATH=/evil',
  'a"b',
  "a'b",
  'a$b',
  'a`b',
  'a\\b',
  'a#b',
  ' a',
  'a ',
  'a\0b',
]) {
  test(`an environment file refuses ${JSON.stringify(value)} unquoted`, () => {
    assert.throws(() => render('env', 'A={{x}}', value), { code: 'template-invalid' })
  })
}

for (const name of [
  'LD_PRELOAD',
  'NODE_OPTIONS',
  'PATH',
  'IFS',
  'BASH_ENV',
  'A=B',
  'a b',
  'BASH_FUNC_x%%',
  'é',
]) {
  test(`an environment file refuses a value that names the variable ${name}`, () => {
    assert.throws(() => render('env', '{{x}}=1', name), { code: 'template-invalid' })
  })
}

for (const value of [
  'a;return 200 x',
  '~^(a+)+$',
  '',
  '$host',
  'a b',
  'a\n}',
  '"x"',
  '/a/../b',
  'a{',
  '-a',
  '#',
  "'",
  '/a;b',
  'ü.example',
  '..',
]) {
  test(`an nginx configuration refuses ${JSON.stringify(value)}, raw too`, () => {
    assert.throws(() => render('nginx', 'server_name {{x}};', value), { code: 'template-invalid' })
    assert.throws(() => render('nginx', 'server_name {{{x}}};', value), {
      code: 'template-invalid',
    })
  })
}

for (const value of [
  'a.example',
  '*.a.example',
  'localhost:8080',
  '10.0.0.1',
  '[::1]:80',
  8080,
  '64k',
  '300s',
  '/var/www/x',
  'unix:/run/a.sock',
  'on',
]) {
  test(`an nginx configuration takes ${value}`, () => {
    assert.equal(render('nginx', '{{x}};', value), `${value};`)
  })
}

test('HTML is escaped, and raw where asked', () => {
  assert.equal(render('html', '{{x}}|{{{x}}}', `&"'<>`), `&amp;&quot;&#39;&lt;&gt;|&"'<>`)
})

test('JSON takes numbers, booleans, null and whole objects outside quotes', () => {
  assert.equal(render('json', '[{{x}}]', 8080), '[8080]')
  assert.equal(render('json', '[{{x}}]', null), '[null]')
  assert.equal(render('json', '{{x}}', { a: [1, 'b'] }), '{"a":[1,"b"]}')
})

test('the kind comes from the name of the output', () => {
  const kinds: Record<string, EscapeKind> = {
    'a/b.json': 'json',
    'docker-compose.yml': 'yaml',
    'x.YAML': 'yaml',
    'run.sh': 'shell',
    '.env': 'env',
    '.env.local': 'env',
    'prod.env': 'env',
    'index.html': 'html',
    'conf/nginx.conf': 'nginx',
    'site.nginx.conf': 'nginx',
    'app.conf': 'none',
    Dockerfile: 'none',
  }
  for (const [name, kind] of Object.entries(kinds)) assert.equal(escapeKindOf(name), kind, name)
})
