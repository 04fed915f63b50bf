import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'

import { completeLock } from '../scripts/complete-lock.ts'
import { inProject } from '../scripts/project.ts'

test('package-lock.json names the native parts of every platform, else `npm ci` refuses it', () => {
  const lock = JSON.parse(readFileSync(inProject('package-lock.json'), 'utf8'))
  const complete = completeLock(lock)
  assert.deepEqual(Object.keys(complete.packages), Object.keys(lock.packages), 'run `npm run lock`')
})

test('a part that is missing in the lock is added for the platform that its name tells', () => {
  const tool = { version: '1.2.3', dev: true }
  const wanted = { '@tool/binding-linux-arm64-musl': '1.2.3', '@tool/linux-x64': '1.2.3' }
  const present = { version: '1.2.3', integrity: 'sha512-x', cpu: ['x64'], os: ['linux'] }
  const lock = {
    packages: {
      'node_modules/@tool/linux-x64': present,
      'node_modules/tool': { ...tool, optionalDependencies: wanted },
    },
  }
  assert.deepEqual(completeLock(lock).packages, {
    'node_modules/@tool/binding-linux-arm64-musl': {
      ...tool,
      cpu: ['arm64'],
      libc: ['musl'],
      optional: true,
      os: ['linux'],
    },
    ...lock.packages,
  })
})
