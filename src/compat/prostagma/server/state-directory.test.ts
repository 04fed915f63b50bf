import assert from 'node:assert/strict'
import { existsSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import { temporaryFolder } from '../../../../test/support/temp-folder.ts'
import { makeStateDirectory, usualPlaces } from './state-directory.ts'

test('the usual places are named after the address, in /var/lib and in the state folder of the user', () => {
  assert.deepEqual(usualPlaces('0.0.0.0:6969', { XDG_STATE_HOME: '/x' }), [
    '/var/lib/prostagma/0.0.0.0_6969',
    '/x/prostagma/0.0.0.0_6969',
  ])
  assert.equal(usualPlaces(':80', { HOME: '/home/a' })[1], '/home/a/.local/state/prostagma/_80')
  assert.equal(
    usualPlaces('', { HOME: '/home/a', XDG_STATE_HOME: 'relative' })[1],
    '/home/a/.local/state/prostagma/default',
  )
})

test('the first place that can be made is taken, readable by its owner only', (t) => {
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'file'), '')
  const places = [join(folder, 'file/below'), join(folder, 'a/b'), join(folder, 'c')]
  const { path, isLasting } = makeStateDirectory(undefined, places)
  assert.deepEqual([path, isLasting], [places[1], true])
  assert.equal(statSync(path).mode & 0o777, 0o700)
  assert.equal(existsSync(join(folder, 'c')), false)
})

test('where none can be made it lasts as long as the server; a given one must be had', (t) => {
  const file = join(temporaryFolder(t), 'file')
  writeFileSync(file, '')
  const { path, isLasting } = makeStateDirectory(undefined, [join(file, 'x')])
  assert.equal(isLasting, false)
  rmSync(path, { recursive: true })
  assert.throws(() => makeStateDirectory(join(file, 'x'), []), { code: 'io-failed' })
})
