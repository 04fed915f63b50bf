import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { build } from '../scripts/build.ts'
import { askOnce } from '../test/support/built-server.ts'
import { joinSite, type FleetSite } from '../test/support/fleet-site.ts'
import { writePolicy } from '../test/support/host-service.ts'
import { ask, firstStart, prepareServer, type Place } from '../test/support/server-place.ts'
import type { Bench } from './measure.ts'
import { withScope, type Scope } from './scope.ts'
import { median, percentile, rounded } from './statistics.ts'

const raises = 100
/** Milliseconds. */
const [halfAim, tailAim] = [30, 100] as const

/** The whole way of a raise: server, held poll, agent, host, policy, and the script's first command. */
export const scriptStarts: Bench = {
  name: 'script-starts',
  summary: `from sending a raise, over a new TLS connection, to the first command of the script on an agent's host; ${raises} raises`,
  run: async ({ tell }) => {
    await build('bun')
    tell('a server, an agent and its host')
    const times = await withScope(measureStarts)
    const detail = `best ${rounded(Math.min(...times))}, worst ${rounded(Math.max(...times))} ms, the command's own start included`
    return [
      { what: 'p50', value: rounded(median(times)), unit: 'ms', aim: halfAim, detail },
      { what: 'p99', value: rounded(percentile(times, 0.99)), unit: 'ms', aim: tailAim, detail },
    ]
  },
}

async function measureStarts(scope: Scope): Promise<number[]> {
  const starts = { script: 'mark', to: { app: 'shop' } }
  const place = await prepareServer(scope, {
    settings: { triggers: { shop: { sources: ['token'], starts } } },
  })
  await place.start(...firstStart)
  const site = await joinSite(scope, place, 'web-1')
  bindMark(site)
  const made = await ask(place, 'tokens', 'create', 'trigger:shop')
  const token = String(made['text'])
  await isThere(place)
  const times: number[] = []
  for (let sequence = 1; sequence <= raises; sequence++) {
    times.push(await startOne(place, site, { token, sequence }))
    // A raise waits while the run before it has not ended: of those that come at once the last one counts.
    await sleep(500)
  }
  return times
}

/** A script that writes when it began, in nanoseconds. */
function bindMark({ machine, service }: FleetSite): void {
  const file = join(machine.folder, 'mark.yaml')
  const shell = `date +%s%N > '${machine.folder}/began-'"$SLUICE_SEQUENCE"`
  writeFileSync(file, JSON.stringify({ steps: [{ name: 'mark', shell }] }), { mode: 0o600 })
  writePolicy(service.policy, { apps: {}, scripts: { mark: { file } } })
}

async function isThere(place: Place): Promise<void> {
  for (let tries = 0; tries < 1000; tries++) {
    const { agents } = await ask(place, 'agents')
    if ((agents as { seen: string | null }[])[0]?.seen != null) return
    await sleep(20)
  }
  throw new Error('the agent did not come')
}

async function startOne(
  place: Place,
  { machine }: FleetSite,
  { token, sequence }: { readonly token: string; readonly sequence: number },
): Promise<number> {
  const sentAt = Date.now()
  const { status, text } = await askOnce(place, {
    method: 'POST',
    path: '/v1/triggers/shop',
    headers: { authorization: `Bearer ${token}` },
  })
  if (status !== 201) throw new Error(`a raise was answered with ${status}: ${text}`)
  const file = join(machine.folder, `began-${sequence}`)
  const deadline = performance.now() + 30_000
  while (!existsSync(file) || readFileSync(file, 'utf8') === '') {
    if (performance.now() > deadline) throw new Error(`raise ${sequence} started nothing in 30 s`)
    await sleep(2)
  }
  return Number(readFileSync(file, 'utf8')) / 1e6 - sentAt
}
