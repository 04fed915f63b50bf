import assert from 'node:assert/strict'
import { copyFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import packageFile from '../package.json' with { type: 'json' }
import { build, programNames } from '../scripts/build.ts'
import { childEnvironment, runOrFail } from '../src/system/index.ts'
import { temporaryFolder } from './support/temp-folder.ts'

for (const runtime of ['bun', 'node'] as const) {
  test(`one file made with ${runtime} works when copied elsewhere`, async (t) => {
    const { folder } = await build(runtime)
    const alone = join(temporaryFolder(t), 'sluice')
    copyFileSync(join(folder, 'sluice'), alone)
    assert.equal(await versionOf(alone), packageFile.version)
  })

  test(`what lies where the file made with ${runtime} is started is not run`, async (t) => {
    const { folder } = await build(runtime)
    const cwd = temporaryFolder(t)
    writeFileSync(join(cwd, 'bunfig.toml'), 'preload = ["./evil.js"]\n')
    writeFileSync(join(cwd, 'evil.js'), 'console.log("evil"); process.exit(9)\n')
    writeFileSync(join(cwd, '.env'), 'SLUICE_CONFIG=/evil\n')
    const env = runtime === 'node' ? { NODE_OPTIONS: '--require ./evil.js' } : {}
    assert.equal(await versionOf(join(folder, 'sluice'), cwd, env), packageFile.version)
  })
}

test('the names are hard links to one file, and a second build leaves it as it is', async () => {
  const { folder } = await build('bun')
  const inodes = programNames.map((name) => statSync(join(folder, name)).ino)
  assert.equal(new Set(inodes).size, 1)
  assert.equal((await build('bun')).rebuilt, false)
  assert.equal(statSync(join(folder, 'c2')).ino, inodes[0])
})

async function versionOf(
  program: string,
  cwd = '/',
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const answer = await runOrFail([program, '--version'], { cwd, env: childEnvironment(env) })
  return answer.trim()
}
