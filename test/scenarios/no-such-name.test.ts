import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import { createMachine } from '../support/machine.ts'

const long = 'x'.repeat(300)

/** Command lines that name something that is not there, and the error's code. */
const wrong: readonly (readonly [line: string, code: string])[] = [
  ['pack NOSUCH', 'not-found'],
  ['pack sluice.yaml', 'not-found'],
  ['pack sluice.yaml/x', 'not-found'],
  ['pack loop', 'not-found'],
  [`pack ${long}`, 'not-found'],
  ['pack empty', 'manifest-missing'],
  ['pack good -o nosuch/good.zip', 'not-found'],
  ['publish NOSUCH', 'not-found'],
  ['publish nosuch.zip', 'not-found'],
  ['publish sluice.yaml/x.zip', 'not-found'],
  [`publish ${long}.zip`, 'not-found'],
  ['publish loop.zip', 'archive-invalid'],
  ['publish shop-1.tar.gz --store nosuch', 'store-invalid'],
  ['releases --store nosuch', 'store-invalid'],
  ['releases --store sluice.yaml/x', 'store-invalid'],
  ['releases --store loop', 'store-invalid'],
  [`releases --store ${long}`, 'store-invalid'],
  ['deploy ./nosuch.zip', 'release-not-found'],
  ['deploy nosuch/x.zip', 'release-not-found'],
  ['deploy sluice.yaml/x', 'release-not-found'],
  [`deploy ${long}`, 'release-not-found'],
  ['deploy ./loop.zip', 'archive-invalid'],
  ['deploy ./empty', 'archive-invalid'],
  ['deploy nosuch', 'release-not-found'],
  ['deploy nosuch@1', 'release-not-found'],
  ['deploy shop@9', 'release-not-found'],
  ['deploy sha256:abcdef012345', 'release-not-found'],
  ['deploy ./shop-1.tar.gz -e nosuch', 'not-found'],
  ['deploy ./shop-1.tar.gz -e nosuch --dry-run', 'not-found'],
  ['start nosuch', 'release-not-found'],
  ['start ./nosuch.zip', 'release-not-found'],
  ['stop nosuch', 'not-found'],
  ['stop nosuch/shop-1', 'not-found'],
  ['connect nosuch shop-1', 'not-found'],
  ['connect main nosuch', 'not-found'],
  ['connect nosuch nosuch', 'not-found'],
  ['disconnect nosuch', 'not-found'],
  ['rollback nosuch', 'not-found'],
  ['rollback --to nosuch', 'nothing-to-roll-back'],
  ['rollback --to 20261120-124348-k3f9 --dry-run', 'nothing-to-roll-back'],
  ['resume nosuch', 'not-found'],
  ['lift nosuch --reason x', 'not-found'],
  ['lift nosuch@1 --reason x', 'not-found'],
  ['status nosuch', 'not-found'],
  ['history nosuch', 'not-found'],
  ['prune nosuch', 'not-found'],
  ['show nosuch', 'not-found'],
  ['show ../../root', 'not-found'],
  ['show 20261120-124348-k3f9', 'not-found'],
  ['logs nosuch', 'not-found'],
  ['logs shop/nosuch', 'not-found'],
  ['pin nosuch', 'not-found'],
  ['unpin nosuch', 'not-found'],
  ['--config nosuch.yaml status', 'config-missing'],
  ['--config nosuch/x.yaml status', 'config-missing'],
  ['--config sluice.yaml/x status', 'config-missing'],
]

test('whatever does not exist is refused with status 4', async (t) => {
  const machine = await createMachine(t)
  const at = (name: string): string => join(machine.folder, name)
  for (const folder of ['store', 'empty', 'good']) mkdirSync(at(folder))
  writeFileSync(at('good/release.json'), '{ "name": "good", "version": "1" }')
  for (const link of ['loop', 'loop.zip']) symlinkSync(link, at(link))
  await machine.pack({ version: '1' })
  assert.equal((await machine.sluice('deploy', './shop-1.tar.gz')).status, 0)
  for (const [line, code] of wrong) {
    await t.test(`sluice ${line.replace(long, 'x…')}`, async () => {
      const words = line.split(' ')
      const { status, stdout } = await machine.sluice(...words, '--json')
      const { error } = JSON.parse(stdout) as { error: { code: string; message: string } }
      assert.equal(error.code, code, error.message)
      assert.equal(status, 4)
    })
  }
})
