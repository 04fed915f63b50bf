import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { readDeployRecord } from '../../../src/host/deploy/deploy-record.ts'
import { currentBinding } from '../../../src/host/state/app-state.ts'
import { digestFile, digestTree } from '../../../src/release/index.ts'
import { canary, listProcesses, notedCommands, type Site } from './site.ts'
import { askVersion } from './visitor.ts'

/** What a site was before a command was disturbed. */
export interface Before {
  readonly stateGeneration: number
  readonly routeGeneration: number
  readonly journals: ReadonlySet<string>
  readonly bound: string | undefined
}

export function lookAt(site: Site): Before {
  return {
    stateGeneration: site.stateGeneration(),
    routeGeneration: site.routes().generation,
    journals: new Set(site.journals()),
    bound: currentBinding(site.state())?.deployment,
  }
}

/** Everything that is not as it must be after a recovery, each with the number of its invariant (see sweep.ts). */
export async function findViolations(site: Site, before: Before): Promise<string[]> {
  const found = [
    ...checkCurrent(site),
    ...(await checkServing(site)),
    ...(await checkReleases(site)),
    ...(await checkDeploys(site)),
    ...checkJournals(site, before),
    ...checkCommands(site),
    ...(await settled(() => [...checkProcesses(site), ...checkPorts(site)])),
    ...checkGenerations(site, before),
    ...checkSecrets(site),
    ...(await checkResidue(site)),
  ]
  return [
    ...found,
    ...site.visitor.takeFailures().map((failure) => `I12 a visitor got: ${failure}`),
  ]
}

function checkCurrent(site: Site): string[] {
  const target = readlinkSync(join(site.app, 'current'))
  const bound = currentBinding(site.state())?.label
  if (target !== `deploys/${bound}`) return [`I1 current leads to ${target}, bound is ${bound}`]
  return existsSync(join(site.app, target, '.sluice/deploy.json'))
    ? []
    : [`I1 ${target} is not whole`]
}

/** The proxy serves what is recorded, at the recorded generation, and it is what is bound. */
async function checkServing(site: Site): Promise<string[]> {
  const route = site.routes().routes['main']
  const label = route?.target?.label
  const entry = site.state().deploys[label ?? '']
  if (route === undefined || entry === undefined) return [`I2 the endpoint leads to ${label}`]
  const found: string[] = []
  if (label !== currentBinding(site.state())?.label)
    found.push(`I2 ${label} serves but is not bound`)
  const generation = await provedGeneration(site)
  if (generation !== route.generation)
    found.push(`I2 the proxy is at generation ${generation}, recorded is ${route.generation}`)
  for (let asked = 0; asked < 3; asked++) {
    const { version, problem } = await askVersion(site.machine.port)
    if (version === entry.release.version) continue
    found.push(`I2 ${version ?? problem} answers instead of ${entry.release.version}`)
  }
  return found
}

async function checkReleases(site: Site): Promise<string[]> {
  const found: string[] = []
  for (const digest of namesIn(join(site.app, 'releases'))) {
    const files = readdirSync(join(site.app, 'releases', digest))
    const [file] = files
    const right =
      files.length === 1 &&
      (await digestFile(join(site.app, 'releases', digest, file ?? ''))) === digest
    if (!right) found.push(`I3 releases/${digest} holds ${files.join(', ') || 'nothing'}`)
  }
  return found
}

async function checkDeploys(site: Site): Promise<string[]> {
  const { deploys } = site.state()
  const found: string[] = []
  for (const label of namesIn(join(site.app, 'deploys'))) {
    if (deploys[label] === undefined) found.push(`I3 nobody knows deploys/${label}`)
  }
  for (const label of Object.keys(deploys)) {
    const directory = join(site.app, 'deploys', label)
    try {
      const { treeDigest } = readDeployRecord(directory)
      const present = await digestTree(directory, { exclude: ['.sluice'] })
      if (present.treeDigest !== treeDigest) found.push(`I3 deploys/${label} has changed`)
    } catch (error) {
      found.push(`I3 deploys/${label}: ${String(error)}`)
    }
  }
  return found
}

/** Every deployment that was begun has ended, once, and not half. */
function checkJournals(site: Site, before: Before): string[] {
  const found: string[] = []
  const { unfinished } = site.state()
  if (unfinished !== undefined) found.push(`I4 ${unfinished} is unfinished`)
  for (const id of site.journals()) {
    if (before.journals.has(id)) continue
    const entries = site.journal(id)
    const outcomes = entries.filter((entry) => entry.type === 'outcome')
    const begun = entries.some((entry) => entry.type === 'started')
    if (outcomes.length !== (begun ? 1 : 0)) found.push(`I4 ${id} has ${outcomes.length} outcomes`)
    if (begun && entries.at(-1)?.type !== 'outcome')
      found.push(`I4 ${id} goes on after its outcome`)
    const [outcome] = outcomes
    if (outcome?.outcome === 'partial')
      found.push(`I4 ${id} is partial: ${outcome.error?.code} ${outcome.error?.message}`)
    const isBound = site.state().bindings.some(({ deployment }) => deployment === id)
    if (isBound && outcome?.outcome !== 'succeeded') found.push(`I4 ${id} is bound but not done`)
  }
  return found
}

/** No command of a release was started twice in a deployment. */
function checkCommands({ machine: { folder } }: Site): string[] {
  return notedCommands.flatMap((name) => {
    const file = join(folder, `${name}.txt`)
    const ids = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []
    const twice = ids.filter((id, index) => ids.indexOf(id) !== index)
    return twice.map((id) => `I5 ${name} ran more than once in ${id}`)
  })
}

function checkProcesses(site: Site): string[] {
  const { deploys } = site.state()
  const processes = listProcesses(site)
  const wanted = Object.values(deploys).filter(({ wanted: state }) => state === 'running')
  const labels = new Set(wanted.map(({ label }) => label))
  const found: string[] = []
  for (const { pid, kind, label, words } of processes) {
    if (kind === 'command' || kind === 'stranger') found.push(`I6 ${pid} is left: ${words}`)
    if (kind === 'service' && !labels.has(label ?? '')) found.push(`I6 ${label} runs unwanted`)
  }
  for (const kind of ['keeper', 'proxy'] as const) {
    const count = processes.filter((process) => process.kind === kind).length
    if (count !== 1) found.push(`I6 there are ${count} of kind ${kind}`)
  }
  for (const label of labels) {
    const count = processes.filter((process) => process.label === label).length
    if (count !== 1) found.push(`I6 ${label} is ${count} processes`)
  }
  return found
}

function checkPorts(site: Site): string[] {
  const running = Object.values(site.state().deploys).filter(({ wanted }) => wanted !== 'stopped')
  const ports = running.map(({ port }) => port)
  return new Set(ports).size === ports.length
    ? []
    : [`I6 a port is recorded twice: ${ports.join()}`]
}

function checkGenerations(site: Site, before: Before): string[] {
  const found: string[] = []
  if (site.stateGeneration() < before.stateGeneration) found.push('I7 the state went back')
  if (site.routes().generation < before.routeGeneration) found.push('I7 the routes went back')
  return found
}

/** Journals, outputs and states are read by more people than the configuration. */
function checkSecrets(site: Site): string[] {
  const places = ['journal', 'log', 'state/app.json', 'state/app.json.previous']
  const files = places.flatMap((place) => filesBelow(join(site.app, place)))
  return files
    .filter((file) => readFileSync(file, 'latin1').includes(canary))
    .map((file) => `I11 ${file} tells a secret`)
}

/** What a crash leaves has names that tell it; once there is some, a prune must find all of it. */
const mostResidue = 12

async function checkResidue(site: Site): Promise<string[]> {
  const staging = namesIn(join(site.machine.root, 'staging'))
  const found = staging.map((name) => `I3 staging/${name} is left`)
  if (residueOf(site).length <= mostResidue) return found
  await site.succeed('prune')
  const left = residueOf(site)
  if (left.length > 0)
    found.push(`I13 ${left.length} leftovers, such as ${left.slice(-5).join(', ')}`)
  return found
}

/** Outputs of commands go with their deployment. */
function residueOf({ machine }: Site): string[] {
  const names = [machine.root, join(machine.folder, 'run')].flatMap((place) => filesBelow(place))
  return names.filter(
    (name) => /\/\.(?:[^/]*\.tmp$|removed\.|program\.)/.test(name) && !name.includes('/shop/log/'),
  )
}

/** What other processes do about it may take them a moment. */
async function settled(check: () => string[]): Promise<string[]> {
  const deadline = performance.now() + 5000
  for (;;) {
    const found = check()
    if (found.length === 0 || performance.now() > deadline) return found
    await sleep(20)
  }
}

/** The generation of the endpoint as the proxy itself tells it. */
function provedGeneration({ machine }: Site): Promise<number | undefined> {
  return new Promise((resolve) => {
    const socketPath = join(machine.folder, 'run/proxy.sock')
    const asked = request({ socketPath, path: '/.sluice/generation?endpoint=main' }, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => (text += chunk.toString()))
      response.on('end', () => resolve((JSON.parse(text) as { generation?: number }).generation))
    })
    asked.on('error', () => resolve(undefined))
    asked.end()
  })
}

function namesIn(directory: string): string[] {
  if (!existsSync(directory)) return []
  return readdirSync(directory).filter((name) => !name.startsWith('.'))
}

function filesBelow(place: string): string[] {
  if (!existsSync(place)) return []
  const options = { recursive: true, withFileTypes: true } as const
  try {
    const entries = readdirSync(place, options).filter((entry) => entry.isFile())
    return entries.map(({ parentPath, name }) => join(parentPath, name))
  } catch {
    return [place]
  }
}
