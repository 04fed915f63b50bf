import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import { temporaryFolder } from '../../../test/support/temp-folder.ts'
import { systemClock } from '../../system/index.ts'
import { newDeploymentId } from './deployment-id.ts'

const clock = { ...systemClock, now: () => Date.UTC(2026, 10, 20, 12, 39, 4) }

test('an id begins with its time in UTC', (t) => {
  const layout = { root: temporaryFolder(t), runDir: '/run' }
  const id = newDeploymentId({ clock, layout, randomText: () => 'ab3d' })
  assert.equal(id, '20261120-123904-ab3d')
})

test('an id that a deployment of any app has had is not given again', (t) => {
  const root = temporaryFolder(t)
  mkdirSync(join(root, 'apps/blog/journal'), { recursive: true })
  writeFileSync(join(root, 'apps/blog/journal/20261120-123904-ab3d.log'), '')
  const texts = ['ab3d', 'ab3d', 'k3f9']
  const id = newDeploymentId({
    clock,
    layout: { root, runDir: '/run' },
    randomText: () => texts.shift() ?? '',
  })
  assert.equal(id, '20261120-123904-k3f9')
})
