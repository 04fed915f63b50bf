import { join } from 'node:path'

import { AppError } from '../src/errors/index.ts'
import { build } from './build.ts'
import { createPlayground, type Playground } from './demo/playground.ts'
import { sendVisitors, type Visit, type Visitors } from './demo/visitors.ts'
import { runScript } from './project.ts'

// `npm run demo`: an app in two versions behind the embedded proxy, switched back and forth under real load.

const rounds = 10
const visitorCount = 8
/** Milliseconds before and after a switch whose requests count as around it. */
const around = 250

interface SwitchReport {
  readonly to: string
  /** Milliseconds of the command from start to acknowledgement. */
  readonly milliseconds: number
  readonly requests: number
  readonly failed: number
  readonly p99Before: number
  readonly p99During: number
}

interface DemoReport {
  readonly requests: number
  readonly failed: number
  readonly switches: number
  readonly p99: number
  readonly perSwitch: readonly SwitchReport[]
  /** How the release that fell ill was taken back. */
  readonly wayBack: {
    readonly outcome: unknown
    readonly error: unknown
    readonly serving: unknown
  }
}

const json = process.argv.includes('--json')

await runScript(async () => {
  const { folder } = await build('bun')
  const playground = await createPlayground(join(folder, 'sluice'))
  try {
    const report = await play(playground)
    if (json) console.log(JSON.stringify(report, undefined, 2))
    else tellEnd(report)
    if (report.failed > 0) process.exitCode = 1
  } finally {
    await playground.clear()
  }
})

async function play(playground: Playground): Promise<DemoReport> {
  tell('packing version 1, version 2, and a version 2 that falls ill when it has traffic')
  const one = await playground.release('1')
  const two = await playground.release('2')
  const ill = await playground.release('2-ill', { fallsIllAfterChecks: 4 })
  tell('starting version 1 and connecting endpoint main to it')
  await mustSucceed(playground, 'start', one)
  await mustSucceed(playground, 'connect', 'main', 'shop-1')
  const visitors = sendVisitors(playground.port, visitorCount)
  tell('starting version 2 beside it')
  await mustSucceed(playground, 'start', two)
  const perSwitch = await switchBackAndForth(playground, visitors)
  tell(
    'deploying the version that falls ill; the bake notices and the endpoint goes back by itself',
  )
  const { answer } = await playground.sluice('deploy', ill)
  if (answer['outcome'] !== 'undone')
    throw new AppError('bug', `expected a way back: ${JSON.stringify(answer)}`)
  await visitors.leave()
  const visits = visitors.visits()
  return {
    requests: visits.length,
    failed: visits.filter(({ ok }) => !ok).length,
    switches: perSwitch.length,
    p99: p99(visits),
    perSwitch,
    wayBack: { outcome: answer['outcome'], error: answer['error'], serving: answer['serving'] },
  }
}

async function switchBackAndForth(
  playground: Playground,
  visitors: Visitors,
): Promise<SwitchReport[]> {
  const reports: SwitchReport[] = []
  if (!json)
    console.log('\n  switch to   took      requests around   failed   p99 before   p99 during')
  for (let round = 0; round < rounds * 2; round++) {
    const to = round % 2 === 0 ? 'shop-2' : 'shop-1'
    await pause(around)
    const startedAt = performance.now()
    await mustSucceed(playground, 'connect', 'main', to)
    const endedAt = performance.now()
    await pause(around)
    const report = reportSwitch(to, { startedAt, endedAt }, visitors.visits())
    reports.push(report)
    if (!json) console.log(describeSwitch(report))
  }
  return reports
}

function reportSwitch(
  to: string,
  { startedAt, endedAt }: { readonly startedAt: number; readonly endedAt: number },
  visits: readonly Visit[],
): SwitchReport {
  const before = visits.filter(({ sentAt }) => sentAt >= startedAt - around && sentAt < startedAt)
  const during = visits.filter(({ sentAt }) => sentAt >= startedAt && sentAt <= endedAt + around)
  return {
    to,
    milliseconds: Math.round(endedAt - startedAt),
    requests: before.length + during.length,
    failed: during.filter(({ ok }) => !ok).length,
    p99Before: p99(before),
    p99During: p99(during),
  }
}

function describeSwitch({
  to,
  milliseconds,
  requests,
  failed,
  p99Before,
  p99During,
}: SwitchReport): string {
  const cells = [
    to.padEnd(9),
    `${milliseconds} ms`.padStart(8),
    String(requests).padStart(15),
    String(failed).padStart(12),
  ]
  return `  ${cells.join('  ')}${`${p99Before} ms`.padStart(13)}${`${p99During} ms`.padStart(13)}`
}

function tellEnd({ requests, failed, switches, p99: all, wayBack }: DemoReport): void {
  const { message } = wayBack.error as { message: string }
  console.log(`
  The version that fell ill was taken back: ${message}
  ${requests} requests over ${switches} switches and one way back: ${failed} failed, p99 ${all} ms.

What to try next:
  dist/bin/sluice init ~/sluice --config ~/sluice.yaml         make this machine a host
  dist/bin/sluice pack DIRECTORY                               make a release of your own
  dist/bin/sluice deploy ARCHIVE --config ~/sluice.yaml        take it live
  dist/bin/sluice status --config ~/sluice.yaml                see what serves, and whether files drifted`)
}

async function mustSucceed(playground: Playground, ...words: readonly string[]): Promise<void> {
  const { status, answer } = await playground.sluice(...words)
  if (status !== 0)
    throw new AppError('bug', `sluice ${words.join(' ')} failed: ${JSON.stringify(answer)}`)
}

/** Milliseconds, to a tenth, that 99 % of the requests did not exceed; 0 for none. */
function p99(visits: readonly Visit[]): number {
  const sorted = visits
    .map(({ milliseconds }) => milliseconds)
    .toSorted((left, right) => left - right)
  return Math.round((sorted[Math.ceil(sorted.length * 0.99) - 1] ?? 0) * 10) / 10
}

function tell(text: string): void {
  if (!json) console.log(text)
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
