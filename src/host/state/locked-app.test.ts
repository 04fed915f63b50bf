import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { temporaryFolder } from '../../../test/support/temp-folder.ts'
import { systemClock } from '../../system/index.ts'
import { appPaths, type HostLayout } from '../layout.ts'
import { listApps, readAppState, withLockedApp, type AppLockRequest } from './locked-app.ts'

function layoutOf(t: TestContext): HostLayout {
  const root = temporaryFolder(t)
  return { root, runDir: join(root, 'run') }
}

const request: AppLockRequest = {
  purpose: 'test',
  clock: systemClock,
  wait: 0,
  signal: new AbortController().signal,
}

test('what was updated is there for whoever reads next, with or without the lock', async (t) => {
  const layout = layoutOf(t)
  await withLockedApp(layout, 'shop', request, async (app) => {
    app.update((state) => ({ ...state, pins: ['abc'] }))
    assert.deepEqual(readAppState(layout, 'shop').pins, ['abc'])
  })
  await withLockedApp(layout, 'shop', request, async (app) =>
    assert.deepEqual(app.state.pins, ['abc']),
  )
})

test('an update that fails changes neither the file nor what the holder sees', async (t) => {
  const layout = layoutOf(t)
  await withLockedApp(layout, 'shop', request, async (app) => {
    app.update((state) => ({ ...state, pins: ['abc'] }))
    const fail = (): never => {
      throw new Error('no')
    }
    assert.throws(() => app.update(fail))
    assert.deepEqual([app.state.pins, readAppState(layout, 'shop').pins], [['abc'], ['abc']])
  })
})

test('each holder has a greater number, and an earlier one may write no more', async (t) => {
  const layout = layoutOf(t)
  const fence = await withLockedApp(layout, 'shop', request, async (app) => app.fence)
  await withLockedApp(layout, 'shop', request, async (app) => {
    assert.equal(app.fence, fence + 1)
    const holder = `${appPaths(layout, 'shop').lock}.holder`
    const seen = JSON.parse(readFileSync(holder, 'utf8')) as { fence: number }
    writeFileSync(holder, JSON.stringify({ ...seen, fence: app.fence + 1 }))
    assert.throws(() => app.assertHeld(), { code: 'fenced' })
    assert.throws(() => app.update((state) => ({ ...state, pins: ['late'] })), { code: 'fenced' })
  })
  assert.deepEqual(readAppState(layout, 'shop').pins, [])
})

test('a second operator is refused at once, and told who and for what; another app is free', async (t) => {
  const layout = layoutOf(t)
  await withLockedApp(layout, 'shop', { ...request, purpose: 'deploy shop 1' }, async () => {
    const second = withLockedApp(layout, 'shop', request, async () => undefined)
    await assert.rejects(second, { code: 'locked', message: /for: deploy shop 1/ })
    await withLockedApp(layout, 'blog', request, async () => undefined)
  })
  assert.deepEqual(listApps(layout), ['blog', 'shop'])
})

test('the lock is free again after work that failed', async (t) => {
  const layout = layoutOf(t)
  const failing = withLockedApp(layout, 'shop', request, async () => {
    throw new Error('broke')
  })
  await assert.rejects(failing, /broke/)
  await withLockedApp(layout, 'shop', request, async () => undefined)
})

test('what cannot be an app is refused before anything is made, and is not listed', async (t) => {
  const layout = layoutOf(t)
  for (const name of ['../shop', '', 'Shop', 'a/b', '.hidden', 'current', 'x'.repeat(33)]) {
    const locked = withLockedApp(layout, name, request, async () => undefined)
    await assert.rejects(locked, { code: 'not-found' }, name)
  }
  mkdirSync(join(layout.root, 'apps/lost+found'), { recursive: true })
  assert.deepEqual(listApps(layout), [])
})
