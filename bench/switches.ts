import { join } from 'node:path'

import { build } from '../scripts/build.ts'
import { currentLoad, type Bench, type BenchOptions, type Measure } from './measure.ts'
import { rounded } from './statistics.ts'
import { haproxyByAddress, haproxyByMap } from './switching/haproxy.ts'
import {
  measureSwitches,
  type SwitchOrder,
  type SwitchReport,
} from './switching/measure-switches.ts'
import { nginxByHand } from './switching/nginx-by-hand.ts'
import type { StartRival } from './switching/rival.ts'
import { embedded, nginxReload, nginxSocket } from './switching/sluice-rivals.ts'

const requestsPerSwitch = 250
/** A reload takes longer than a rename, and its promise is made for 150,000 requests over 100 of them. */
const requestsPerReload = 1500

export const switchesBench: Bench = {
  name: 'switches',
  summary: 'requests lost and answered by the old release while traffic moves',
  async run(options) {
    const program = join((await build('bun')).folder, 'sluice')
    const measures: Measure[] = []
    for (const row of rows(program)) measures.push(...(await measureRow(row, options)))
    return measures
  },
}

interface Row {
  readonly what: string
  readonly start: StartRival
  readonly kind: SwitchOrder['kind']
  /** What the mode promises; a peer promises nothing to us. */
  readonly promised?: 'no failure' | 'no failure, nothing stale'
  readonly byReload?: boolean
  /** Largest p99 of a switch in milliseconds. */
  readonly latency?: number
}

function rows(program: string): Row[] {
  const whole = { promised: 'no failure, nothing stale', kind: 'raw' } as const
  const reload = { start: nginxReload, byReload: true, latency: 500 } as const
  return [
    { what: 'sluice, mode socket (nginx)', start: nginxSocket, ...whole },
    { what: 'sluice, mode proxy (embedded)', start: embedded(program), ...whole },
    {
      what: 'sluice, mode reload, closing clients',
      ...reload,
      kind: 'closing',
      promised: 'no failure, nothing stale',
    },
    {
      what: 'sluice, mode reload, clients retry once',
      ...reload,
      kind: 'retrying',
      promised: 'no failure',
    },
    { what: 'sluice, mode reload, raw clients', ...reload, kind: 'raw' },
    { what: 'haproxy, set server addr', start: haproxyByAddress, kind: 'raw' },
    { what: 'haproxy, set map', start: haproxyByMap, kind: 'raw' },
    { what: 'nginx -s reload by hand', start: nginxByHand, kind: 'raw', byReload: true },
  ]
}

async function measureRow(row: Row, options: BenchOptions): Promise<Measure[]> {
  options.tell(row.what)
  const report = await measureSwitches(row.start, orderOf(row, options))
  const load = currentLoad()
  const none = { aim: 0, promise: true }
  const failed: Measure = {
    what: `${row.what}: failed`,
    value: report.failed,
    unit: '',
    detail: describe(report),
    ...(row.promised === undefined ? {} : none),
  }
  const stale: Measure = {
    what: `${row.what}: stale`,
    value: report.stale,
    unit: '',
    detail: `of ${report.judged} answers between two switches`,
    ...(row.promised === 'no failure, nothing stale' ? none : {}),
  }
  const latency: Measure = {
    what: `${row.what}: switch p99`,
    value: rounded(report.p99),
    unit: 'ms',
    detail: `p50 ${rounded(report.p50)} ms`,
    ...(row.latency === undefined ? {} : { aim: row.latency }),
  }
  return [failed, stale, latency].map((measure) => ({ ...measure, load }))
}

function orderOf({ byReload, kind }: Row, options: BenchOptions): SwitchOrder {
  const switches = byReload === true ? Math.ceil(options.switches / 10) : options.switches
  const each = byReload === true ? requestsPerReload : requestsPerSwitch
  return { switches, requests: switches * each, kind }
}

function describe({ switches, requests, retries, failures, ...rest }: SwitchReport): string {
  const words = [`${switches} switches`, `${requests} requests`, `${rest.requestsPerSecond}/s`]
  if (retries > 0) words.push(`${retries} retries`)
  if (failures[0] !== undefined) words.push(`first: ${failures[0].slice(0, 80)}`)
  return words.join(', ')
}
