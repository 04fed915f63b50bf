import assert from 'node:assert/strict'
import test from 'node:test'

import { parseByteSize, parseDuration } from './measures.ts'
import { isEnvironmentName, isHostName, isName, isRelativePath } from './names.ts'

const refusedNames = [
  '',
  '.',
  '..',
  'current',
  'a/b',
  '-rf',
  'A',
  'CON',
  'x'.repeat(49),
  'a b',
  'a\n',
  'é',
  '__proto__',
  '.hidden',
  '_x',
  'a\0',
]

for (const name of refusedNames) {
  test(`${JSON.stringify(name)} is no label`, () => assert.equal(isName(name, 48), false))
}

test('labels have lower-case letters, digits, dots, underscores and hyphens', () => {
  for (const name of ['a', 'shop-1.4.2', '0', 'a_b', 'currents', 'x'.repeat(48)])
    assert.ok(isName(name, 48), name)
})

const refusedPaths = [
  '',
  '.',
  '..',
  '/',
  '/a',
  '../a',
  'a/../b',
  'a/..',
  'a//b',
  'a/',
  './a',
  '~',
  '~/a',
  'a\\b',
  'a\0',
  'a\n',
  'x'.repeat(1025),
]

for (const path of refusedPaths) {
  test(`${JSON.stringify(path).slice(0, 30)} is no path inside a release`, () =>
    assert.equal(isRelativePath(path), false))
}

test('paths inside a release may look odd', () => {
  for (const path of ['a', 'a/b.c', '..a', '$HOME', '-x', 'a b'])
    assert.ok(isRelativePath(path), path)
})

const refusedVariables = [
  'LD_PRELOAD',
  'NODE_OPTIONS',
  'PATH',
  'IFS',
  'BASH_ENV',
  'ENV',
  'PS4',
  'GIT_SSH_COMMAND',
  'PYTHONPATH',
  'SSL_CERT_FILE',
  'HTTP_PROXY',
  'https_proxy',
  'A=B',
  '',
  'a b',
  'BASH_FUNC_x%%',
  '1A',
  'ld_preload',
  'SLUICE_LABEL',
  'BUN_OPTIONS',
]

for (const name of refusedVariables) {
  test(`a release may not set ${JSON.stringify(name)}`, () =>
    assert.equal(isEnvironmentName(name), false))
}

test('a release may set variables of its own', () => {
  for (const name of ['NODE_ENV', 'DATABASE_URL', '_x', 'path_to'])
    assert.ok(isEnvironmentName(name), name)
})

const refusedHosts = [
  '',
  'a;return 200 x',
  '~^(a+)+$',
  '""',
  '$host',
  'a b',
  'a\nb',
  '-a.example',
  'a-.example',
  'a..b',
  'A.example',
  'é.example',
  `${'a'.repeat(64)}.x`,
  'x.'.repeat(127) + 'xx',
  '*',
  'a.*.b',
]

for (const host of refusedHosts) {
  test(`${JSON.stringify(host).slice(0, 40)} is no host name`, () =>
    assert.equal(isHostName(host, 'wildcard'), false))
}

test('host names are labels of letters, digits and hyphens; a wildcard only where asked for', () => {
  for (const host of ['localhost', 'a.example', 'xn--e-bga.example', '127.0.0.1'])
    assert.ok(isHostName(host), host)
  assert.ok(isHostName('*.a.example', 'wildcard'))
  assert.equal(isHostName('*.a.example'), false)
})

test('durations and sizes are exact', () => {
  const durations = ['0s', '250ms', '10s', '5m', '1h', '576h'].map(parseDuration)
  assert.deepEqual(durations, [0, 250, 10_000, 300_000, 3_600_000, 2_073_600_000])
  assert.equal(parseDuration('577h'), undefined)
  const sizes = ['4096', '7B', '100MB', '512MiB', '10GiB', '8000TiB'].map(parseByteSize)
  assert.deepEqual(sizes, [4096, 7, 1e8, 512 * 2 ** 20, 10 * 2 ** 30, 8000 * 2 ** 40])
  assert.equal(parseByteSize('9000TiB'), undefined)
})
