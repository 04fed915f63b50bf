import assert from 'node:assert/strict'
import test from 'node:test'

import { z } from 'zod'

import { AppError } from '../errors/index.ts'
import { readWithSchema } from './read-with-schema.ts'
import { byteSize, duration, environmentName, labelName, port } from './schemas.ts'

const schema = z.strictObject({
  port,
  wait: duration().prefault('10s'),
  size: byteSize.optional(),
  roles: z
    .record(
      labelName,
      z.strictObject({
        drain: duration().optional(),
        env: z.record(environmentName, z.string()).optional(),
      }),
    )
    .optional(),
  listen: z
    .discriminatedUnion('kind', [z.strictObject({ kind: z.literal('tcp'), backlog: z.int() })])
    .optional(),
})

async function problem(content: string, format: 'json' | 'yaml' = 'json'): Promise<AppError> {
  try {
    await readWithSchema(schema, { file: 'app.json', content, format, code: 'config-invalid' })
  } catch (error) {
    assert.ok(error instanceof AppError)
    return error
  }
  throw new assert.AssertionError({ message: 'it was accepted' })
}

test('a good document gives the schema’s output', async () => {
  const content = 'port: 80\nsize: 2KiB\nroles: {web: {drain: 5m}}\n'
  const value = await readWithSchema(schema, {
    file: 'f',
    content,
    format: 'yaml',
    code: 'config-invalid',
  })
  assert.deepEqual(value, {
    port: 80,
    wait: 10_000,
    size: 2048,
    roles: { web: { drain: 300_000 } },
  })
})

test('a problem has file, line, column, path and the wrong value', async () => {
  assert.equal(
    (await problem('{\n  "port": 70000\n}')).message,
    'app.json:2:11: port: too big: expected number to be <=65535, got 70000',
  )
})

test('all problems are told, in the order of the file', async () => {
  const error = await problem('{"roles": {"web": {"drain": "1 h"}},\n"port": "80",\n"wait": 5}')
  assert.equal(
    error.message,
    'app.json:1:29: roles.web.drain: is not a duration such as 250ms, 10s, 5m or 1h, got "1 h"',
  )
  assert.equal(
    error.output,
    'app.json:2:9: port: expected number, got string\napp.json:3:9: wait: expected string, got number',
  )
})

test('a missing key is told at its map', async () => {
  assert.equal((await problem('\n {}')).message, 'app.json:2:2: port: is missing')
})

test('an unknown key names the nearest one, at every depth', async () => {
  const top = await problem('{"port": 1, "waitt": "1s"}')
  assert.equal(top.message, 'app.json:1:13: unknown key "waitt"')
  assert.equal(top.hint, 'did you mean "wait"?')
  const deep = await problem('port: 1\nroles:\n  web:\n    draim: 1s\n', 'yaml')
  assert.equal(deep.message, 'app.json:4:5: roles.web: unknown key "draim"')
  assert.equal(deep.hint, 'did you mean "drain"?')
  const inUnion = await problem(
    '{"port": 1, "listen": {"kind": "tcp", "backlog": 1, "backlok": 2}}',
  )
  assert.equal(inUnion.hint, 'did you mean "backlog"?')
})

test('an unknown key far from all names lists what goes there', async () => {
  assert.equal(
    (await problem('{"port": 1, "zzzzzz": 1}')).hint,
    'keys that go here: port, wait, size, roles, listen',
  )
})

test('a value of the wrong type is not shown, because it may be a secret', async () => {
  const error = await problem(
    '{"port": {"hunter2": 1}, "roles": {"web": {"env": {"TOKEN": 4711}}}}',
  )
  assert.doesNotMatch(`${error.message}${error.output}`, /hunter2|4711/)
})

test('a long wrong value is cut', async () => {
  assert.ok((await problem(`{"port": 1, "wait": "${'x'.repeat(5000)}"}`)).message.length < 250)
})

const badValues: readonly [string, string][] = [
  ...['0', '-1', '65536', '1.5', '"80"', '"80 "', 'null', 'true', '[80]', '{}', '1e999'].map(
    (value): [string, string] => ['port', value],
  ),
  ...[
    '"1"',
    '"1 h"',
    '"-5s"',
    '"1e9h"',
    '"s"',
    '""',
    '"10S"',
    '"1.5s"',
    '"9999h"',
    '"999999999999s"',
    '5',
    'null',
    '["1s"]',
  ].map((value): [string, string] => ['wait', value]),
  ...[
    '-1',
    '1.5',
    '"10 GiB"',
    '"1gib"',
    '"GiB"',
    '"-1"',
    '"99999999999999TiB"',
    '""',
    'true',
    '"0x10"',
  ].map((value): [string, string] => ['size', value]),
]

for (const [key, value] of badValues) {
  test(`${key}: ${value} is refused`, async () => {
    const other = key === 'port' ? '' : '"port": 1, '
    assert.match((await problem(`{${other}"${key}": ${value}}`)).message, /^app\.json:1:\d+: /)
  })
}
