import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import { currentBinding } from '../../src/host/state/app-state.ts'
import type { RunResult } from '../../src/system/index.ts'
import { builtProgram } from '../support/tools.ts'
import { stepBegun } from '../support/step-begun.ts'
import { findViolations, lookAt } from './harness/oracle.ts'
import { openSite, type Site } from './harness/site.ts'

const locked = 5

test('of twenty commands at once each is done or told who works, and the app stays whole', async (t) => {
  const site = await openSite(t)
  const before = lookAt(site)
  await site.succeed('start', site.archive('3'))
  const commands = [
    ['deploy', site.archive('4')],
    ['connect', 'main', 'shop-3'],
    ['rollback'],
    ['stop', 'shop-3'],
    ['prune'],
  ]
  const runs = Array.from({ length: 20 }, (_, index) => commands[index % commands.length] ?? [])
  const ends = await Promise.all(runs.map((words) => site.machine.sluice(...words)))
  const told = ends
    .map((end, index) => judge(runs[index] ?? [], end))
    .filter((words) => words !== '')
  assert.deepEqual(told, [])
  assert.ok(ends.some(({ status }) => status === 0))
  assert.ok(ends.some(({ status }) => status === locked))
  const violations = await findViolations(site, before)
  assert.deepEqual(violations, [])
})

test('commands that wait for each other are all done', async (t) => {
  const site = await openSite(t)
  const before = lookAt(site)
  const runs = Array.from({ length: 6 }, (_, index) => {
    const archive = site.archive(String((index % 4) + 1))
    return site.machine.sluice('deploy', archive, '--wait', '60')
  })
  for (const end of await Promise.all(runs)) assert.equal(end.status, 0, end.stdout + end.stderr)
  assert.deepEqual(await findViolations(site, before), [])
})

test('while a stopped process holds the lock others are told who, and it ends its work when it goes on', async (t) => {
  const site = await openSite(t)
  const before = lookAt(site)
  const holder = await beginAndFreeze(site)
  const refused = await site.machine.sluice('deploy', site.archive('4'))
  assert.equal(refused.status, locked, refused.stderr)
  assert.match(refused.stderr, new RegExp(`process ${holder.pid}\\).* for: deploy shop 3`))
  holder.kill('SIGCONT')
  const [status] = (await once(holder, 'exit')) as [number]
  assert.equal(status, 0)
  assert.deepEqual(await findViolations(site, before), [])
})

test('a process whose lock was taken away writes nothing more', async (t) => {
  const site = await openSite(t)
  const before = lookAt(site)
  const holder = await beginAndFreeze(site)
  // Nobody should, but people do.
  rmSync(join(site.app, 'state/lock'))
  await site.succeed('deploy', site.archive('4'))
  holder.kill('SIGCONT')
  const [status] = (await once(holder, 'exit')) as [number]
  assert.equal(status, 1)
  assert.deepEqual(await findViolations(site, before), [])
  assert.equal(currentBinding(site.state())?.release.version, '4')
})

/** A deploy frozen behind `reserve` and before the switch: there it holds no lock that all apps of the host share. */
async function beginAndFreeze(site: Site): Promise<ChildProcess> {
  const holder = begin(site, 'deploy', site.archive('3'))
  await stepBegun(site.machine, 'render')
  holder.kill('SIGSTOP')
  return holder
}

/** Empty when a command was done, found somebody at work, or came too late for what it was to do. */
function judge(words: readonly string[], { status, stdout, stderr }: RunResult): string {
  const text = `${words.join(' ')} exited with ${status}: ${stdout}${stderr}`
  if (status === 0) return ''
  if (status === locked) return /process \d+\) since .* for: /.test(stderr) ? '' : text
  const late = /serves endpoint|does not run|no deploy|rejected by|no earlier release|is labelled/
  return status === 4 && late.test(stderr + stdout) ? '' : text
}

function begin({ machine }: Site, ...words: readonly string[]): ChildProcess {
  const { folder: cwd, environment: env } = machine
  return spawn(builtProgram('sluice'), words, { cwd, env, stdio: 'ignore' })
}
