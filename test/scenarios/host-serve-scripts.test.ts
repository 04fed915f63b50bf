import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import test from 'node:test'

import type { ScriptOrder } from '../../src/protocol/index.ts'
import { afterwards } from '../support/afterwards.ts'
import { writePolicy } from '../support/host-service.ts'
import { openSite, type Site } from '../support/host-site.ts'
import { waitUntil } from '../support/wait-until.ts'

function order(run: string, sequence: number, script = 'build'): ScriptOrder {
  return { run, script, trigger: 'shop-pushed', sequence, by: 'ci', at: Date.now() }
}

/** Binds the name `build` to a script of these lines. */
function bind({ machine, service }: Site, shell: string): string {
  const file = join(machine.folder, 'build.yaml')
  writeFileSync(file, JSON.stringify({ steps: [{ name: 'make', shell }] }), { mode: 0o600 })
  writePolicy(service.policy, { scripts: { build: { file } } })
  return file
}

function states({ service }: Site, run: string): string[] {
  return service
    .of('script-state')
    .filter((report) => report.run === run)
    .map(({ state }) => state)
}

async function ended(site: Site, run: string, state: string): Promise<void> {
  await site.service.until(`${run} to be ${state}`, () => states(site, run).at(-1) === state)
}

test('a script runs once with what raised it in its environment, and nothing of ours', async (t) => {
  const site = await openSite(t)
  const log = join(site.machine.folder, 'ran')
  bind(
    site,
    `echo "$SLUICE_RUN $SLUICE_TRIGGER $SLUICE_SEQUENCE [$SLUICE_CONFIG]" >> '${log}'; echo made`,
  )
  await site.service.desire({ scripts: [order('r1', 7)] })
  await ended(site, 'r1', 'succeeded')
  await site.service.desire({ scripts: [order('r1', 7), order('r2', 8)] })
  await ended(site, 'r2', 'succeeded')
  assert.equal(readFileSync(log, 'utf8'), 'r1 shop-pushed 7 []\nr2 shop-pushed 8 []\n')
  assert.deepEqual(states(site, 'r1'), ['running', 'succeeded'])
  const told = site.service.of('script-event').map(({ event }) => event as { text?: string })
  assert.ok(told.some(({ text }) => text === 'made\n'))
})

test('runs of one script follow each other by their sequence', async (t) => {
  const site = await openSite(t)
  const log = join(site.machine.folder, 'ran')
  bind(
    site,
    `echo "begin $SLUICE_SEQUENCE" >> '${log}'; sleep 0.2; echo "end $SLUICE_SEQUENCE" >> '${log}'`,
  )
  await site.service.desire({ scripts: [order('r2', 2), order('r1', 1)] })
  await ended(site, 'r2', 'succeeded')
  assert.equal(readFileSync(log, 'utf8'), 'begin 1\nend 1\nbegin 2\nend 2\n')
})

test('a script that fails is told with its status, and one that nobody allowed is refused', async (t) => {
  const site = await openSite(t)
  const file = bind(site, 'echo no compiler; exit 3')
  await site.service.desire({ scripts: [order('r1', 1), order('r2', 1, 'reboot')] })
  await ended(site, 'r1', 'failed')
  await ended(site, 'r2', 'refused')
  const [failed, refused] = ['r1', 'r2'].map((run) =>
    site.service.of('script-state').findLast((report) => report.run === run),
  )
  assert.match(String(failed?.error?.message), /exited with 3/)
  assert.equal(refused?.error?.code, 'policy-refused')
  chmodSync(file, 0o666)
  await site.service.desire({ scripts: [order('r3', 2)] })
  await ended(site, 'r3', 'refused')
  assert.match(
    String(site.service.of('script-state').at(-1)?.error?.message),
    /may be written by other accounts \(mode 0666\)/,
  )
})

test('a script downloads from the origins that the policy names, and from nowhere else', async (t) => {
  const site = await openSite(t)
  const server = createServer((request, response) => {
    if (request.url === '/moved') response.writeHead(302, { location: 'http://127.0.0.2:1/x' })
    response.end('rules')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  afterwards(t, () => server.close())
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const [file, dest] = ['build.yaml', 'rules'].map((name) => join(site.machine.folder, name)) as [
    string,
    string,
  ]
  const download = async (run: string, url: string, origins: string[]): Promise<void> => {
    writeFileSync(file, JSON.stringify({ steps: [{ download: { url, dest } }] }), { mode: 0o600 })
    writePolicy(site.service.policy, { scripts: { build: { file } }, origins })
    await site.service.desire({ scripts: [order(run, 1)] })
    await site.service.until(`${run} to end`, () => states(site, run).length === 2)
  }
  await download('r1', `${origin}/rules`, [])
  await download('r2', `${origin}/moved`, [origin])
  const told = site.service.of('script-state').filter(({ state }) => state === 'failed')
  assert.deepEqual(
    told.map(({ error }) => error?.code),
    ['origin-refused', 'origin-refused'],
  )
  assert.ok(!existsSync(dest))
  await download('r3', `${origin}/rules`, [origin])
  assert.equal(states(site, 'r3').at(-1), 'succeeded')
  assert.equal(readFileSync(dest, 'utf8'), 'rules')
})

test('a run that was cut off is unknown and is never begun again', async (t) => {
  const site = await openSite(t)
  const begun = join(site.machine.folder, 'begun')
  bind(site, `echo begun >> '${begun}'; exec sleep 1000`)
  await site.service.desire({ scripts: [order('r1', 1)] })
  await waitUntil(() => existsSync(begun))
  await site.service.kill()
  await site.service.start()
  await ended(site, 'r1', 'unknown')
  assert.deepEqual(states(site, 'r1'), ['running', 'unknown'])
  assert.equal(readFileSync(begun, 'utf8'), 'begun\n')
})

test('a service that is told to end lets the line of a script come to its end', async (t) => {
  const site = await openSite(t)
  const [begun, done] = ['begun', 'done'].map((name) => join(site.machine.folder, name)) as [
    string,
    string,
  ]
  bind(site, `touch '${begun}'; while [ ! -e '${begun}.go' ]; do sleep 0.05; done; touch '${done}'`)
  await site.service.desire({ scripts: [order('r1', 1)] })
  await waitUntil(() => existsSync(begun))
  const stopped = site.service.stop()
  writeFileSync(`${begun}.go`, '')
  assert.equal(await stopped, 0)
  assert.ok(existsSync(done))
  await site.service.start()
  await ended(site, 'r1', 'succeeded')
})
