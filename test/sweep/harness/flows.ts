import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { bindingToRestore, currentBinding } from '../../../src/host/state/app-state.ts'
import type { Site } from './site.ts'

/** A command that is disturbed. */
export interface Flow {
  readonly name: string
  /** Steps that its journal names; empty for a command without a journal. */
  readonly steps: readonly string[]
  /** Brings a settled site to where the command makes sense, and answers the command. */
  prepare(site: Site): Promise<readonly string[]>
}

const stage = ['fetch', 'unpack', 'reserve', 'render', 'publish']
const goLive = ['arm-revert', 'switch', 'bake', 'commit', 'point-current', 'disarm-revert']

export const flows: readonly Flow[] = [
  {
    name: 'deploy',
    steps: [
      ...stage,
      'migrate',
      'prestart',
      'start',
      'prove',
      ...goLive,
      'drain',
      'retire',
      'prune',
    ],
    prepare: async (site) => {
      await liftAll(site)
      return ['deploy', site.archive(nextVersion(site))]
    },
  },
  {
    name: 'rollback',
    steps: [...stage, 'prestart', 'start', 'prove', ...goLive, 'drain', 'retire', 'prune'],
    prepare: async (site) => {
      await liftAll(site)
      if (!canRollBack(site)) await site.succeed('deploy', site.archive(nextVersion(site)))
      return ['rollback']
    },
  },
  {
    name: 'start',
    steps: [...stage, 'migrate', 'prestart', 'start', 'prove'],
    prepare: async (site) => {
      await liftAll(site)
      for (const label of idleLabels(site)) await site.succeed('stop', label)
      return ['start', site.archive(nextVersion(site))]
    },
  },
  {
    name: 'connect',
    steps: ['load-deploy', ...goLive],
    prepare: async (site) => ['connect', 'main', await anIdleDeploy(site)],
  },
  {
    name: 'stop',
    steps: ['stop'],
    prepare: async (site) => ['stop', await anIdleDeploy(site)],
  },
  {
    name: 'prune',
    steps: [],
    prepare: async (site) => {
      await leaveRubbish(site)
      return ['prune']
    },
  },
]

/** Archives that a rollback left are rejected until somebody lifts them. */
async function liftAll(site: Site): Promise<void> {
  for (const { name, version } of Object.values(site.state().quarantine)) {
    await site.succeed('lift', `${name}@${version}`)
  }
}

/** An archive that was rejected is not kept, even when it is lifted later. */
function canRollBack(site: Site): boolean {
  const digest = bindingToRestore(site.state(), undefined)?.release.digest
  return digest !== undefined && existsSync(join(site.app, 'releases', digest))
}

function nextVersion(site: Site): string {
  const current = currentBinding(site.state())?.release.version ?? ''
  const { versions } = site
  return versions[(versions.indexOf(current) + 1) % versions.length] ?? ''
}

/** Labels of deploys that run and serve nobody. */
function idleLabels(site: Site): string[] {
  const serving = site.routes().routes['main']?.target?.label
  const deploys = Object.values(site.state().deploys)
  return deploys
    .filter(({ label, wanted }) => wanted === 'running' && label !== serving)
    .map(({ label }) => label)
}

async function anIdleDeploy(site: Site): Promise<string> {
  const [present] = idleLabels(site)
  if (present !== undefined) return present
  await liftAll(site)
  await site.succeed('start', site.archive(nextVersion(site)))
  return idleLabels(site)[0] ?? ''
}

/** A stopped deploy that nothing needs any more, and what interrupted work may leave. */
async function leaveRubbish(site: Site): Promise<void> {
  for (const label of idleLabels(site)) await site.succeed('stop', label)
  await liftAll(site)
  const unused = Object.values(site.state().deploys).some(({ wanted }) => wanted === 'stopped')
  if (!unused) await site.succeed('stop', await anIdleDeploy(site))
  for (const place of ['staging/20200101-000000-none/tree', 'apps/shop/deploys/nobody-knows']) {
    mkdirSync(join(site.machine.root, place), { recursive: true })
    writeFileSync(join(site.machine.root, place, 'file'), 'left behind')
  }
}
