import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import { temporaryFolder } from '../../../test/support/temp-folder.ts'
import { readHostSettings } from '../settings/read-settings.ts'
import { initHost } from './init-host.ts'

test('what init writes is a valid configuration, whatever the directory is called', async (t) => {
  const folder = temporaryFolder(t)
  for (const name of ['plain', 'a b: #c', 'quote"d']) {
    const config = join(folder, `${name}.yaml`)
    const directory = join(folder, name)
    await initHost({ config, directory, force: false })
    const settings = await readHostSettings({ config, environment: {}, cwd: folder })
    assert.deepEqual([settings.root, settings.store], [directory, join(directory, 'store')])
  }
})

test('an existing configuration is kept unless force is given', async (t) => {
  const folder = temporaryFolder(t)
  const wish = { config: join(folder, 'sluice.yaml'), directory: join(folder, 'root') }
  await initHost({ ...wish, force: false })
  const other = { ...wish, directory: join(folder, 'other') }
  await assert.rejects(initHost({ ...other, force: false }), { code: 'usage' })
  assert.match(readFileSync(wish.config, 'utf8'), /^root: .*root$/m)
  await initHost({ ...other, force: true })
  assert.match(readFileSync(wish.config, 'utf8'), /^root: .*other$/m)
})
