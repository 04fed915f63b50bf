import assert from 'node:assert/strict'
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { run, runOrFail, type RunResult } from '../../src/system/index.ts'
import { packSampleRelease } from '../support/sample-release.ts'
import { temporaryFolder } from '../support/temp-folder.ts'
import { builtProgram, toolOrSkip } from '../support/tools.ts'

const password = 'canary-4711'

test('a release is signed and verified, by us and by minisign', async (t) => {
  const minisign = await toolOrSkip(t, 'minisign')
  if (minisign === undefined) return
  const { folder, sluice, archive } = await openBench(t)
  await succeeds(sluice('key', 'new', 'a.key'))
  assert.equal(statSync(join(folder, 'a.key')).mode & 0o777, 0o600)
  const signed = await json(sluice('sign', archive, '-k', 'a.key', '--expires-in', '30', '--json'))
  const verified = await json(
    sluice('verify', archive, '-k', 'a.key.pub', '--app', 'shop', '--json'),
  )
  assert.deepEqual(verified, { statement: signed['statement'], signedBy: signed['signedBy'] })
  const statement = `${archive}.statement.json`
  const { app, version, sequence } = signed['statement'] as {
    app: string
    version: string
    sequence: number
  }
  const comment = await runOrFail([minisign, '-VQm', statement, '-p', join(folder, 'a.key.pub')])
  assert.equal(comment, `sluice release app:${app} sequence:${sequence} version:${version}\n`)
  assert.ok(Math.abs(sequence - Date.now() / 60_000) < 10)
})

test('a second signer adds to the statement of the first, with a password that no list of processes shows', async (t) => {
  const { folder, sluice, typing, archive } = await openBench(t)
  writeFileSync(join(folder, 'password'), `${password}\n`, { mode: 0o600 })
  const made = [
    await sluice('key', 'new', 'a.key'),
    await typing(`${password}\n`, 'key', 'new', 'b.key', '--password-file', '-'),
    await sluice('sign', archive, '-k', 'a.key', '--sequence', '7'),
  ]
  assert.deepEqual(
    made.map(({ status }) => status),
    [0, 0, 0],
  )
  const both = ['verify', archive, '-k', 'a.key.pub', '-k', 'b.key.pub', '--threshold', '2']
  await fails('signature-threshold', sluice(...both, '--json'))
  await fails('key-password', sluice('sign', archive, '-k', 'b.key', '--json'))
  await succeeds(sluice('sign', archive, '-k', 'b.key', '--password-file', 'password'))
  const verified = await json(sluice(...both, '--json'))
  assert.equal((verified['signedBy'] as string[]).length, 2)
  await fails('signature-exists', sluice('sign', archive, '-k', 'a.key', '--json'))
  await fails(
    'signature-exists',
    sluice('sign', archive, '-k', 'a.key', '--sequence', '8', '--json'),
  )
  assert.doesNotMatch(JSON.stringify(made) + readFileSync(join(folder, 'b.key'), 'utf8'), /canary/)
})

test('what was changed after it was signed is refused with its reason', async (t) => {
  const { folder, sluice, archive } = await openBench(t)
  await succeeds(sluice('key', 'new', 'a.key'))
  await succeeds(sluice('key', 'new', 'b.key'))
  const verify = (...more: readonly string[]) =>
    sluice('verify', archive, '-k', 'a.key.pub', ...more, '--json')
  await fails('signature-missing', verify())
  await succeeds(sluice('sign', archive, '-k', 'a.key', '--sequence', '7'))
  await succeeds(verify('--lowest', '7'))
  await fails('signature-sequence-low', verify('--lowest', '8'))
  await fails('signature-app', verify('--app', 'blog'))
  await fails('signature-unknown-key', sluice('verify', archive, '-k', 'b.key.pub', '--json'))
  await fails('usage', sluice('verify', archive, '--json'))
  await fails('key-invalid', sluice('verify', archive, '-k', 'a.key', '--json'))
  appendFileSync(archive, 'x')
  await fails('signature-archive', verify())
  await fails('signature-exists', sluice('sign', archive, '-k', 'b.key', '--json'))
  writeFileSync(`${archive}.statement.json.minisig`, 'x'.repeat(1_000_000))
  await fails('signature-malformed', verify())
  copyFileSync(join(folder, 'a.key'), `${archive}.statement.json`)
  await fails('signature-malformed', verify())
})

test('keys are never overwritten, and one that others may read is not used', async (t) => {
  const { folder, sluice, archive } = await openBench(t)
  await succeeds(sluice('key', 'new', 'a.key'))
  const before = readFileSync(join(folder, 'a.key'), 'utf8')
  await fails('key-exists', sluice('key', 'new', 'a.key', '--json'))
  writeFileSync(join(folder, 'b.key.pub'), '')
  await fails('key-exists', sluice('key', 'new', 'b.key', '--json'))
  await fails('key-password', sluice('key', 'new', 'c.key', '--password-file', '-', '--json'))
  assert.equal(readFileSync(join(folder, 'a.key'), 'utf8'), before)
  chmodSync(join(folder, 'a.key'), 0o640)
  await fails('key-exposed', sluice('sign', archive, '-k', 'a.key', '--json'))
})

async function openBench(t: TestContext) {
  const folder = temporaryFolder(t)
  const program = builtProgram('sluice')
  const typing = (input: string, ...words: readonly string[]) =>
    run([program, ...words], { cwd: folder, timeout: 60_000, input })
  const sluice = (...words: readonly string[]) => typing('', ...words)
  return { folder, sluice, typing, archive: await packSampleRelease(folder, { version: '1.0' }) }
}

async function succeeds(running: Promise<RunResult>): Promise<RunResult> {
  const ended = await running
  assert.equal(ended.status, 0, ended.stderr)
  return ended
}

async function json(running: Promise<RunResult>): Promise<Record<string, unknown>> {
  return JSON.parse((await succeeds(running)).stdout) as Record<string, unknown>
}

async function fails(code: string, running: Promise<RunResult>): Promise<void> {
  const { status, stdout, stderr } = await running
  assert.notEqual(status, 0)
  assert.match(`${stdout}${stderr}`, new RegExp(`"code":\\s*"${code}"`))
}
