import assert from 'node:assert/strict'
import { chmodSync, chownSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { one, two } from '../../test/support/signature-cases.ts'
import { temporaryFolder } from '../../test/support/temp-folder.ts'
import { publicKeyLine } from '../trust/index.ts'
import { openPolicyFile, readPolicy, type Policy } from './policy-file.ts'

function write(t: TestContext, text: string): string {
  const file = join(temporaryFolder(t), 'policy.yaml')
  writeFileSync(file, text, { mode: 0o644 })
  return file
}

async function read(t: TestContext, text: string): Promise<Policy> {
  return await readPolicy(write(t, text))
}

/** What is written, and what is said of it, behind `policy.yaml:LINE:COLUMN: `. */
const refused: readonly (readonly [string, RegExp])[] = [
  ['app: { shop: {} }', /^1:1: unknown key "app"/],
  ['apps: [shop]', /^1:7: apps: expected /],
  ['apps: { Shop: {} }', /^1:9: apps/],
  ['apps: { "**": {} }', /^1:9: apps/],
  ['apps: { shop: yes }', /^1:15: apps\.shop: /],
  ['apps: { shop: { users: x } }', /^1:17: apps\.shop: unknown key "users"/],
  ['apps: { shop: { user: "" } }', /^1:23: apps\.shop\.user: /],
  ['apps: { shop: { lowestSequence: -1 } }', /^1:33: apps\.shop\.lowestSequence: /],
  ['apps: { shop: { lowestSequence: "5" } }', /^1:33: .*expected number, got string/],
  ['apps: { shop: { endpoints: main } }', /^1:28: apps\.shop\.endpoints: expected array/],
  ['signing: { mode: maybe }', /^1:18: signing\.mode: /],
  ['signing: { mode: require }', /^1:18: signing\.mode: needs `keys`/],
  ['signing: { keys: [RWQ] }', /^1:19: signing\.keys\[0\]: is no key/],
  ['signing: { keys: [release.pub] }', /^1:19: signing\.keys\[0\]: is no key/],
  ['signing: { threshold: 0 }', /^1:23: signing\.threshold: /],
  ['signing: { revoked: [abc] }', /^1:22: signing\.revoked\[0\]: is not a key id/],
  [
    `signing: { keys: [${publicKeyLine(one.public)}], threshold: 2 }`,
    /signing\.threshold: asks for more keys than the 1 /,
  ],
  ['scripts: { Build: { file: /x } }', /^1:12: scripts/],
  ['scripts: { ../x: { file: /x } }', /^1:12: scripts/],
  ['scripts: { build: {} }', /scripts\.build\.file: is missing/],
  ['scripts: { build: { file: build.yaml } }', /^1:27: scripts\.build\.file: is not an absolute/],
  ['scripts: { build: { file: /x, timeout: 5 } }', /scripts\.build\.timeout: expected string/],
  ['scripts: { build: { file: /x, shell: rm } }', /unknown key "shell"/],
  ['origins: [example.org]', /^1:11: origins\[0\]: is not an origin/],
  ['origins: ["https://example.org/x"]', /^1:11: origins\[0\]: is not an origin/],
  ['origins: ["file:///etc"]', /^1:11: origins\[0\]: is not an origin/],
  ['apps: {}\napps: { shop: {} }', /^2:1: /],
]

for (const [text, expected] of refused) {
  test(`a policy that says ${JSON.stringify(text).slice(0, 70)} is refused with its place`, async (t) => {
    await assert.rejects(read(t, text), (error: { code: string; message: string }) => {
      assert.equal(error.code, 'policy-invalid')
      assert.match(error.message, /policy\.yaml:\d+:\d+: /)
      assert.match(error.message.slice(error.message.indexOf('policy.yaml:') + 12), expected)
      return true
    })
  })
}

test('keys are lines or files, and with a key its signature is required unless the policy says otherwise', async (t) => {
  const file = join(temporaryFolder(t), 'two.pub')
  writeFileSync(file, `untrusted comment: two\n${publicKeyLine(two.public)}\n`)
  const { signing } = await read(t, `signing: { keys: [${publicKeyLine(one.public)}, ${file}] }`)
  assert.equal(signing.mode, 'require')
  assert.deepEqual(
    signing.keys.map(({ keyId }) => keyId),
    [one.public.keyId, two.public.keyId],
  )
  assert.equal((await read(t, 'apps: { shop: }')).signing.mode, 'warn')
  const missing = read(t, 'signing: { keys: [/nowhere/x.pub] }')
  await assert.rejects(missing, { code: 'policy-invalid', message: /\/nowhere\/x\.pub/ })
})

test('an empty file and one that others may write to, own, or that is none are refused', async (t) => {
  await assert.rejects(read(t, ''), { code: 'policy-invalid', message: /is empty/ })
  const file = write(t, 'apps: { shop: {} }')
  for (const mode of [0o664, 0o646, 0o666]) {
    chmodSync(file, mode)
    await assert.rejects(readPolicy(file), { code: 'policy-invalid', message: /written by other/ })
  }
  chmodSync(file, 0o600)
  await readPolicy(file)
  const folder = join(temporaryFolder(t), 'policy.yaml')
  mkdirSync(folder)
  await assert.rejects(readPolicy(folder), { code: 'policy-invalid', message: /is not a file/ })
  if (process.getuid?.() !== 0) return
  chownSync(file, 12_345, 12_345)
  await assert.rejects(readPolicy(file), {
    code: 'policy-invalid',
    message: /belongs to user 12345/,
  })
})

test('a policy is read anew when it has changed, a broken one refuses, and none is none', async (t) => {
  const file = write(t, 'apps: { shop: {} }')
  const policy = openPolicyFile(file)
  const first = await policy.read()
  assert.equal(await policy.read(), first)
  const version = policy.version()
  writeFileSync(file, 'apps: { blog: {} }')
  assert.notEqual(policy.version(), version)
  assert.deepEqual(Object.keys((await policy.read())?.apps ?? {}), ['blog'])
  writeFileSync(file, 'apps: [')
  await assert.rejects(policy.read(), { code: 'policy-invalid' })
  await assert.rejects(policy.read(), { code: 'policy-invalid' })
  rmSync(file)
  assert.equal(await policy.read(), undefined)
})
