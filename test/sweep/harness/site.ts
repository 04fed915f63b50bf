import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

import { openRouteStore, type RouteTable } from '../../../src/proxy/index.ts'
import type { JournalEntry } from '../../../src/steps/index.ts'
import type { AppState } from '../../../src/host/state/app-state.ts'
import { readAppendLog, readStateFile, type RunResult } from '../../../src/system/index.ts'
import { afterwards } from '../../support/afterwards.ts'
import { createMachine, type Machine } from '../../support/machine.ts'
import { builtProgram } from '../../support/tools.ts'
import { startVisitor, type Visitor } from './visitor.ts'

/** A machine that serves `shop` to a visitor while its commands are disturbed. */
export interface Site {
  readonly machine: Machine
  readonly visitor: Visitor
  /** The app's folder. */
  readonly app: string
  readonly versions: readonly string[]
  archive(version: string): string
  state(): AppState
  stateGeneration(): number
  routes(): RouteTable
  /** Ids of all journals, oldest first. */
  journals(): string[]
  journal(deployment: string): JournalEntry[]
  /** Runs the program and fails unless it exits with 0. */
  succeed(...words: readonly string[]): Promise<RunResult>
  /** Ends all that runs; done after the test anyhow. */
  close(): Promise<void>
}

/** Stands in the configuration and in rendered files, and must stand nowhere else. */
export const canary = 'canary-7f3a9c'

/** Every started command notes its deployment in the file of its name. */
export const notedCommands = ['migrate', 'prestart'] as const

const settings = {
  bake: { for: '20ms', interval: '10ms', failures: 2 },
  confirmWithin: '20s',
  retention: { keep: 1, history: 8, diskFloor: 0 },
}

/** Four releases, because retention then has something to remove with every deploy. */
const versions = ['1', '2', '3', '4'] as const

export async function openSite(
  test: Pick<TestContext, 'after'>,
  changes: Readonly<Record<string, unknown>> = {},
): Promise<Site> {
  const machine = await createMachine(test, {
    settings: { ...settings, ...changes },
  })
  writeFileSync(join(machine.folder, 'infra.json'), JSON.stringify({ password: canary }))
  machine.configure({ configSources: { infra: join(machine.folder, 'infra.json') } })
  const archives = new Map<string, string>()
  for (const version of versions) archives.set(version, await packVersion(machine, version))
  const archive = (version: string): string => archives.get(version) ?? ''
  const succeed: Site['succeed'] = async (...words) => {
    const end = await machine.sluice(...words)
    if (end.status === 0) return end
    throw new Error(
      `sluice ${words.join(' ')} exited with ${end.status}: ${end.stdout}${end.stderr}`,
    )
  }
  await succeed('deploy', archive('1'))
  await succeed('deploy', archive('2'))
  const app = join(machine.root, 'apps/shop')
  const visitor = startVisitor(machine.port)
  const stored = (): { state: AppState; generation: number } => {
    const found = readStateFile<AppState>(join(app, 'state/app.json'), 1)
    if (found === undefined) throw new Error('there is no state')
    return found
  }
  const close = async (): Promise<void> => {
    await visitor.stop()
    machine.kill()
  }
  afterwards(test, close)
  return {
    machine,
    visitor,
    app,
    versions,
    archive,
    state: () => stored().state,
    stateGeneration: () => stored().generation,
    routes: () => openRouteStore(machine.root).load(),
    journals: () => listJournals(app),
    journal: (id) => readAppendLog(join(app, 'journal', `${id}.log`)) as JournalEntry[],
    succeed,
    close,
  }
}

/** A process that belongs to a machine, and what it is there. */
export interface SiteProcess {
  readonly pid: number
  readonly kind: 'keeper' | 'proxy' | 'service' | 'command' | 'stranger'
  /** Of a service. */
  readonly label: string | undefined
  readonly words: string
}

/** Everything that lives and carries a mark of this machine, or works inside its folder. */
export function listProcesses({ machine: { folder } }: Site): SiteProcess[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.flatMap((pid) => describeProcess(Number(pid), folder) ?? [])
}

function describeProcess(pid: number, folder: string): SiteProcess | undefined {
  try {
    const variables = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0')
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim()
    const isOurs =
      variables.some((variable) => variable.endsWith(folder) || variable.includes(`${folder}/`)) ||
      `${readlinkSync(`/proc/${pid}/cwd`)}/`.startsWith(`${folder}/`)
    // What has no command line has ended and waits for its parent.
    if (!isOurs || words === '' || pid === process.pid) return undefined
    const service = variables.find((variable) => variable.startsWith('SLUICE_DEPLOY='))
    return { pid, words, kind: kindOf(words, variables), label: service?.split('/').at(-1) }
  } catch {
    return undefined
  }
}

function kindOf(words: string, variables: readonly string[]): SiteProcess['kind'] {
  if (words.endsWith(' host keep')) return 'keeper'
  if (words.includes(' proxy serve')) return 'proxy'
  if (variables.some((variable) => variable.startsWith('SLUICE_HOOK='))) return 'command'
  return variables.some((variable) => variable.startsWith('SLUICE_DEPLOY='))
    ? 'service'
    : 'stranger'
}

/** The built program can run our sample app itself, which starts faster than Node. */
function packVersion(machine: Machine, version: string): Promise<string> {
  const note = (name: string): string =>
    `echo "$SLUICE_DEPLOYMENT" >> '${machine.folder}/${name}.txt'`
  const manifest = {
    service: { command: `exec env BUN_BE_BUN=1 '${builtProgram('sluice')}' app.mjs`, grace: '3s' },
    check: { type: 'http', path: '/', interval: '10ms', successes: 1, within: '20s' },
    drain: { timeout: '1s' },
    templates: ['app.ini.tpl'],
    shared: { directories: ['uploads'] },
    migrate: { command: note('migrate') },
    prestartCommand: note('prestart'),
  }
  const files = { 'app.ini.tpl': 'password={{infra.password}}\nport={{port}}\n' }
  return machine.pack({ version, manifest, files })
}

function listJournals(app: string): string[] {
  const names = readdirSync(join(app, 'journal')).filter((name) => name.endsWith('.log'))
  return names.map((name) => name.slice(0, -'.log'.length)).toSorted()
}
