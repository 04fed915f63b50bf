import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import test from 'node:test'

import { createMachine, type Machine } from '../support/machine.ts'

interface Told {
  readonly outcome?: string
  readonly error?: { readonly code: string; readonly message: string }
}

/** A release without a process of its own, so that a deploy takes no time. */
const still = { service: undefined, check: undefined, startCommand: 'true', stopCommand: 'true' }

async function deploy(machine: Machine, ...words: readonly string[]): Promise<Told> {
  return await machine.json('deploy', ...words)
}

/** `MODE NAME` of every file of the host that holds the text; the name of a context is its hash. */
function filesWith({ root }: Machine, text: string): string[] {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((e) => join(e.parentPath, e.name))
  const holding = files.filter(
    (file) => !file.includes('/current/') && readFileSync(file).includes(text),
  )
  return holding
    .map((file) => {
      const mode = (statSync(file).mode & 0o777).toString(8)
      return `${mode} ${file.includes('/contexts/') ? 'context' : basename(file)}`
    })
    .toSorted()
}

test('a release that calls itself something else than the index of the store is refused', async (t) => {
  const machine = await createMachine(t)
  mkdirSync(join(machine.folder, 'store'))
  await machine.sluice('publish', await machine.pack({ version: '1', manifest: still }))
  const index = join(machine.folder, 'store/index.json')
  writeFileSync(index, readFileSync(index, 'utf8').replace('"shop"', '"bank"'))
  const { outcome, error } = await deploy(machine, 'bank@1')
  assert.equal(outcome, 'undone')
  assert.equal(error?.code, 'manifest-invalid')
  assert.match(error.message, /says shop 1, planned was bank 1/)
})

test('a release cannot bring the place where sluice keeps the record of a deploy', async (t) => {
  const machine = await createMachine(t)
  const files = { '.sluice/deploy.json': '{}' }
  const { outcome, error } = await deploy(
    machine,
    await machine.pack({ version: '1', manifest: still, files }),
  )
  assert.equal(outcome, 'undone')
  assert.equal(error?.code, 'archive-unsafe')
  assert.equal(existsSync(join(machine.root, 'apps/shop/deploys/shop-1')), false)
})

test('a URL in the place of a release is refused without its password', async (t) => {
  const machine = await createMachine(t)
  const { error } = await deploy(machine, 'http://user:canary@localhost/shop-1.tar.gz')
  assert.equal(error?.code, 'release-not-found')
  assert.doesNotMatch(error.message, /canary/)
})

test('a deploy that was stopped by hand is not told as serving', async (t) => {
  const machine = await createMachine(t, { settings: { endpoints: {} } })
  await machine.sluice('deploy', await machine.pack({ version: '1' }))
  const stopped = await machine.json('stop', 'shop-1')
  assert.equal(stopped['outcome'], 'succeeded')
  assert.equal(stopped['serving'], undefined)
})

test('secrets stand in what was rendered, and nowhere that somebody else can read', async (t) => {
  const machine = await createMachine(t)
  const secrets = join(machine.folder, 'secrets.json')
  writeFileSync(secrets, '{"password": "canary"}')
  machine.configure({ endpoints: {}, configSources: { secrets } })
  const deployed = await machine.sluice(
    'deploy',
    await machine.pack({
      version: '1',
      manifest: { ...still, templates: ['app.env.tpl'] },
      files: { 'app.env.tpl': 'PASSWORD={{secrets.password}}\n' },
    }),
  )
  assert.equal(deployed.status, 0, deployed.stderr)
  writeFileSync(secrets, '{"password": "canary" "broken"}')
  const failed = await machine.sluice('deploy', await machine.pack({ version: '2' }))
  assert.equal(failed.status, 4)
  const { stdout: history } = await machine.sluice('history', '--json')
  const { stdout: status } = await machine.sluice('status', '--json')
  const told = [deployed.stdout, deployed.stderr, failed.stdout, failed.stderr, history, status]
  assert.doesNotMatch(told.join('\n'), /canary/)
  assert.deepEqual(filesWith(machine, 'canary'), ['600 app.env', '600 context'])
})
