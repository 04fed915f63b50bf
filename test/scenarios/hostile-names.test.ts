import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import { run } from '../../src/system/index.ts'
import { createMachine, type Machine } from '../support/machine.ts'
import { temporaryFolder } from '../support/temp-folder.ts'

/** Runs as a person would, and fails the test when the program failed itself. */
async function refuse(machine: Machine, ...words: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await machine.sluice(...words)
  const said = `sluice ${words.join(' ')}: ${status} ${stdout}${stderr}`
  assert.ok(status === 2 || status === 4, said)
  return stderr
}

test('a label that would lead out of its directory is refused, and nothing is made', async (t) => {
  const machine = await createMachine(t)
  const archive = await machine.pack({ version: '1' })
  for (const label of ['../../x', 'a/b', 'a\nb', 'current', 'constructor', '']) {
    await refuse(machine, 'deploy', archive, '--label', label)
    await refuse(machine, 'start', archive, '--label', label)
  }
  assert.deepEqual(readdirSync(join(machine.root, 'apps/shop/deploys')), [])
})

test('commands for an app that is not there say so and make no app', async (t) => {
  const machine = await createMachine(t)
  for (const app of ['../x', 'nosuch', '__proto__', 'a'.repeat(5000)]) {
    for (const command of ['prune', 'status', 'history', 'rollback']) {
      assert.match(await refuse(machine, command, app), /there is no app/)
    }
    await refuse(machine, 'host', 'revert', '--app', app, '--deployment', 'x')
  }
  assert.equal(existsSync(join(machine.root, 'apps')), false)
  assert.equal(existsSync(join(machine.root, 'x')), false)
})

test('directories that are no apps are passed over', async (t) => {
  const machine = await createMachine(t)
  for (const stray of ['lost+found', 'a\nb', 'current'])
    mkdirSync(join(machine.root, 'apps', stray), { recursive: true })
  assert.deepEqual((await machine.json('status'))['apps'], [])
})

test('names that every object has are not endpoints', async (t) => {
  const machine = await createMachine(t)
  const archive = await machine.pack({ version: '1' })
  assert.equal((await machine.sluice('start', archive)).status, 0)
  for (const name of ['constructor', '__proto__', 'toString']) {
    assert.match(await refuse(machine, 'connect', name, 'shop-1'), /there is no endpoint/)
    assert.match(await refuse(machine, 'disconnect', name), /there is no endpoint/)
    assert.match(await refuse(machine, 'deploy', archive, '-e', name), /there is no endpoint/)
  }
})

test('a configuration that is no file is refused at once, also a pipe that nobody writes to', async (t) => {
  const machine = await createMachine(t)
  const pipe = join(machine.folder, 'pipe')
  await run(['mkfifo', pipe])
  for (const file of [pipe, machine.folder, '/dev/zero', '']) {
    assert.match(await refuse(machine, '--config', file, 'status'), /is not a file/)
  }
})

test('the password in a store URL of an unknown kind is not shown', async (t) => {
  const machine = await createMachine(t)
  for (const store of ['s3://key:canary@bucket', 'ftp://u:canary@host/']) {
    machine.configure({ store })
    assert.doesNotMatch(await refuse(machine, 'releases'), /canary/)
  }
})

test('deployments of one second stand in the history in their order', async (t) => {
  const machine = await createMachine(t)
  await machine.sluice('start', await machine.pack({ version: '1' }))
  await machine.sluice('connect', 'main', 'shop-1')
  const journals = join(machine.root, 'apps/shop/journal')
  const [first = '', second = ''] = readdirSync(journals).toSorted()
  renameSync(join(journals, first), join(journals, '20301231-235959-zzzz.log'))
  renameSync(join(journals, second), join(journals, '20301231-235959-aaaa.log'))
  const { stdout } = await machine.sluice('history', '--json', '--limit', '1')
  const told = JSON.parse(stdout) as { kind: string }[]
  assert.deepEqual(
    told.map(({ kind }) => kind),
    ['connect'],
  )
})

test('files in the current directory that steer a JavaScript runtime are not run', async (t) => {
  const machine = await createMachine(t)
  const folder = temporaryFolder(t)
  const proof = join(folder, 'proof')
  const code = `require('node:fs').writeFileSync(${JSON.stringify(proof)}, '')`
  writeFileSync(join(folder, 'preload.cjs'), code)
  writeFileSync(join(folder, 'bunfig.toml'), 'preload = ["./preload.cjs"]\n')
  writeFileSync(join(folder, '.env'), `SLUICE_CONFIG=/nowhere\n`)
  const { SLUICE_CONFIG: config = '', ...environment } = machine.environment
  const program = join(import.meta.dirname, '../../dist/bin/sluice')
  const { status, stderr } = await run([program, '--config', config, 'status'], {
    cwd: folder,
    env: environment,
  })
  assert.equal(status, 0, stderr)
  const missing = await run([program, 'status'], { cwd: folder, env: environment })
  assert.doesNotMatch(missing.stderr, /nowhere/)
  assert.equal(existsSync(proof), false)
})
