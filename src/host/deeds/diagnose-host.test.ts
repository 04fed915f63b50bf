import assert from 'node:assert/strict'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { openEngine } from '../../../test/support/engine.ts'
import { temporaryFolder } from '../../../test/support/temp-folder.ts'
import { diagnoseHost, type Check } from './diagnose-host.ts'

async function checkSecrets(
  t: TestContext,
  settings: Readonly<Record<string, unknown>>,
): Promise<Check | undefined> {
  const { host } = await openEngine(t, settings)
  const { checks } = await diagnoseHost(host)
  return checks.find(({ name }) => name === 'secret files')
}

function secretFile(t: TestContext, mode: number): string {
  const file = join(temporaryFolder(t), 'secret')
  writeFileSync(file, 'very secret')
  chmodSync(file, mode)
  return file
}

for (const mode of [0o644, 0o640, 0o604, 0o620]) {
  test(`a token file of mode ${mode.toString(8)} is weak, and the way out is said`, async (t) => {
    const storeTokenFile = secretFile(t, mode)
    assert.deepEqual(await checkSecrets(t, { storeTokenFile }), {
      name: 'secret files',
      state: 'weak',
      detail: `other accounts may read or change ${storeTokenFile}`,
      hint: `chmod go= ${storeTokenFile}`,
    })
  })
}

test('the private key of an endpoint is looked at too; its certificate is public', async (t) => {
  const [certificate, key] = [secretFile(t, 0o644), secretFile(t, 0o644)]
  const endpoints = { main: { app: 'shop', tls: { certificate, key } } }
  assert.equal((await checkSecrets(t, { endpoints }))?.hint, `chmod go= ${key}`)
  chmodSync(key, 0o600)
  assert.equal((await checkSecrets(t, { endpoints }))?.state, 'good')
})

test('a secret file that is missing is bad', async (t) => {
  const storeTokenFile = join(temporaryFolder(t), 'gone')
  const found = await checkSecrets(t, { storeTokenFile })
  assert.equal(found?.state, 'bad')
  assert.match(found.detail, /gone/)
})

test('a host without secret files has nothing to warn of', async (t) => {
  assert.equal((await checkSecrets(t, {}))?.detail, 'none are named')
})
