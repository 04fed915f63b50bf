import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { build } from '../scripts/build.ts'
import { AppError } from '../src/errors/index.ts'
import { temporaryFolder } from '../test/support/temp-folder.ts'
import type { Bench, Measure } from './measure.ts'
import { processorTime } from './processor-time.ts'
import { withScope } from './scope.ts'
import { median, rounded } from './statistics.ts'
import { startBackends, startClients } from './switching/children.ts'
import { nginxKeptAlive } from './switching/nginx-by-hand.ts'
import type { Rival, StartRival } from './switching/rival.ts'
import { embedded, nginxSocket } from './switching/sluice-rivals.ts'

const rounds = 5
const requests = 20_000
/** Before the first round: the just-in-time compiler is done after some 20,000. */
const warmUp = 30_000
/** Times nginx's processor time that our own proxy may take. */
const aim = 3

export const proxyCpu: Bench = {
  name: 'proxy-cpu',
  summary: `processor time a request costs the proxy, medians of ${rounds} rounds of ${requests} requests`,
  run: () =>
    withScope(async (scope) => {
      const folder = temporaryFolder(scope)
      const program = join((await build('bun')).folder, 'sluice')
      const releases = await startBackends(scope, folder)
      const open = async (name: string, start: StartRival): Promise<Candidate> => {
        const place = join(folder, String(name.length))
        const rival = await start(scope, place, releases)
        return { ...rival, name, pid: readPid(place), costs: [], rates: [] }
      }
      const candidates = [
        await open('embedded', embedded(program)),
        await open('nginx, mode socket', nginxSocket),
        await open('nginx, upstream kept', nginxKeptAlive),
      ]
      for (const candidate of candidates) await ask(candidate, folder, warmUp)
      for (let round = 0; round < rounds; round++)
        for (const candidate of candidates) note(candidate, await ask(candidate, folder, requests))
      return describe(candidates)
    }),
}

interface Candidate extends Rival {
  readonly name: string
  readonly pid: number
  /** Microseconds of processor time a request, one number a round. */
  readonly costs: number[]
  /** Requests a second. */
  readonly rates: number[]
}

/** The master's or the only process's number, wherever that kind of proxy writes it. */
function readPid(folder: string): number {
  for (const place of ['run/proxy.pid', 'nginx/nginx.pid']) {
    const pid = readPidFile(join(folder, place))
    if (pid > 0) return pid
  }
  throw new AppError('bug', `no proxy's pid below ${folder}`)
}

function readPidFile(path: string): number {
  try {
    return Number(readFileSync(path, 'utf8'))
  } catch {
    return 0
  }
}

interface Cost {
  readonly requests: number
  readonly seconds: number
  readonly processorSeconds: number
}

/** Sends visitors for so many requests; what the first of them cost, on new connections, is left out. */
async function ask(candidate: Candidate, folder: string, count: number): Promise<Cost> {
  return await withScope(async (scope) => {
    const file = join(folder, 'answers')
    const clients = startClients(scope, { port: candidate.port, clients: 16, kind: 'raw', file })
    const [first, before] = [await clients.after(1000), processorTime(candidate.pid)]
    const startedAt = performance.now()
    const [last, after] = [await clients.after(count), processorTime(candidate.pid)]
    const seconds = (performance.now() - startedAt) / 1000
    const { failed, failures } = await clients.stop()
    if (failed > 0)
      throw new AppError('bug', `${candidate.name}: ${failed} failed: ${failures[0] ?? ''}`)
    return { requests: last - first, seconds, processorSeconds: after - before }
  })
}

function note(candidate: Candidate, cost: Cost): void {
  candidate.costs.push((cost.processorSeconds * 1e6) / cost.requests)
  candidate.rates.push(cost.requests / cost.seconds)
}

function describe(candidates: readonly Candidate[]): Measure[] {
  const [own, closing, kept] = candidates.map(({ costs }) => median(costs))
  const ratio = (peer = Number.NaN): number => rounded((own ?? Number.NaN) / peer, 2)
  const costs = candidates.map((candidate) => ({
    what: `${candidate.name}: CPU a request`,
    value: rounded(median(candidate.costs)),
    unit: 'us',
    detail: `rounds ${candidate.costs.map((cost) => rounded(cost)).join(', ')}; ${Math.round(median(candidate.rates))} requests/s`,
  }))
  const detail = 'same release, same clients, access logs on'
  return [
    ...costs,
    { what: 'embedded, times nginx in mode socket', value: ratio(closing), unit: 'x', aim, detail },
    { what: 'embedded, times nginx keeping upstream', value: ratio(kept), unit: 'x', aim, detail },
  ]
}
