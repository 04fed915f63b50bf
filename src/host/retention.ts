import { join } from 'node:path'

import type { AppPaths } from './layout.ts'
import type { RetentionSettings } from './settings/host-settings.ts'
import { currentBinding, type AppState } from './state/app-state.ts'

export interface Removal {
  readonly kind: 'release' | 'deploy' | 'context' | 'staging' | 'log'
  readonly path: string
  readonly bytes: number
  /** The deploy whose record goes with it. */
  readonly label?: string
}

export interface RetentionInput {
  readonly state: AppState
  readonly paths: AppPaths
  readonly retention: RetentionSettings
  readonly isConnected: (label: string) => boolean
  readonly sizeOf: (path: string) => number
  readonly deploysOnDisk: readonly string[]
  readonly releasesOnDisk: readonly string[]
  /** Hash of the configuration a deploy's files were rendered with; undefined for one that is not whole. */
  readonly contextOf: (label: string) => string | undefined
  readonly contextsOnDisk: readonly string[]
  /** Newest first. */
  readonly journals: readonly string[]
  /** Logs of deploys that are not recorded any more, newest first. */
  readonly leftLogs: readonly string[]
}

export interface RetentionDecision {
  readonly removed: readonly Removal[]
  readonly kept: readonly { readonly path: string; readonly why: string }[]
}

/**
 * Decides what goes.
 * - Kept always: what runs or is connected, what belongs to an unfinished deployment, the current binding, the last
 *   good one before it, and pinned archives.
 * - Kept besides: the newest `keep` archives and their deploys, as long as all that is kept stays within `bytes`.
 * - Configurations go when neither a kept deploy nor a binding of a kept archive was rendered with them.
 * - Journals, outputs, and logs of deploys that are gone, go beyond the newest `history`.
 */
export function chooseRemovals(input: RetentionInput): RetentionDecision {
  const reasons = protectedDigests(input)
  const digests = input.releasesOnDisk
  const newestFirst = orderByUse(input.state, digests)
  const kept: { path: string; why: string }[] = []
  const goneDigests = new Set<string>()
  let bytes = 0
  let extra = 0
  for (const digest of newestFirst) {
    const path = join(input.paths.releases, digest)
    const size = sizeOfRelease(input, digest)
    const why = reasons.get(digest) ?? spareReason(input, extra, bytes + size)
    if (why === undefined) {
      goneDigests.add(digest)
      continue
    }
    if (!reasons.has(digest)) extra += 1
    bytes += size
    kept.push({ path, why })
  }
  const deploys = deploysToRemove(input, goneDigests)
  const removed = [
    ...deploys,
    ...[...goneDigests].map((digest) =>
      removal(input, 'release', join(input.paths.releases, digest)),
    ),
    ...contextsToRemove(input, goneDigests, new Set(deploys.map(({ label }) => label))),
    ...logsToRemove(input),
  ]
  return { removed, kept }
}

function protectedDigests({ state, isConnected }: RetentionInput): Map<string, string> {
  const reasons = new Map<string, string>()
  const current = currentBinding(state)?.release.digest
  const lastGood = state.bindings.findLast(
    ({ release }) => release.digest !== current && state.quarantine[release.digest] === undefined,
  )
  for (const digest of state.pins) reasons.set(digest, 'pinned')
  if (lastGood !== undefined)
    reasons.set(lastGood.release.digest, 'last good before the current one')
  if (current !== undefined) reasons.set(current, 'current')
  for (const { label, release, wanted } of Object.values(state.deploys)) {
    if (wanted !== 'stopped' || isConnected(label)) reasons.set(release.digest, `runs as ${label}`)
  }
  return reasons
}

function spareReason(
  { retention }: RetentionInput,
  extra: number,
  bytes: number,
): string | undefined {
  if (extra >= retention.keep || bytes > retention.bytes) return undefined
  return `one of the newest ${retention.keep}`
}

/** Stopped deploys of archives that go, surplus stopped deploys of archives that stay, and directories nobody knows. */
function deploysToRemove(input: RetentionInput, gone: ReadonlySet<string>): Removal[] {
  const { state, paths, isConnected } = input
  const bound = new Set(state.bindings.slice(-2).map(({ label }) => label))
  const restorable = lastLabelPerDigest(state)
  const labels = new Set([...input.deploysOnDisk, ...Object.keys(state.deploys)])
  return [...labels].flatMap((label) => {
    const entry = state.deploys[label]
    const directory = join(paths.deploys, label)
    if (entry === undefined)
      return state.unfinished === undefined ? [removal(input, 'deploy', directory)] : []
    if (entry.wanted !== 'stopped' || isConnected(label) || bound.has(label)) return []
    const isSpare =
      !gone.has(entry.release.digest) && restorable.get(entry.release.digest) === label
    return isSpare ? [] : [{ ...removal(input, 'deploy', directory), label }]
  })
}

/** They may hold secrets, so none stays that nothing can go back to. */
function contextsToRemove(
  input: RetentionInput,
  goneDigests: ReadonlySet<string>,
  goneLabels: ReadonlySet<string | undefined>,
): Removal[] {
  const { state, paths, releasesOnDisk, contextOf, contextsOnDisk } = input
  const archives = new Set(releasesOnDisk.filter((digest) => !goneDigests.has(digest)))
  const labels = Object.keys(state.deploys).filter((label) => !goneLabels.has(label))
  const needed = new Set([
    ...state.bindings.flatMap((bound) =>
      archives.has(bound.release.digest) ? [bound.contextHash] : [],
    ),
    ...labels.map(contextOf),
  ])
  return contextsOnDisk
    .filter((hash) => !needed.has(hash))
    .map((hash) => removal(input, 'context', join(paths.contexts, `${hash}.json`)))
}

function logsToRemove(input: RetentionInput): Removal[] {
  const { paths, retention, journals, leftLogs } = input
  const old = journals.slice(retention.history)
  const outputs = old.flatMap((id) => [join(paths.journal, `${id}.log`), join(paths.log, id)])
  const logs = leftLogs.slice(retention.history).map((name) => join(paths.log, name))
  return [...outputs, ...logs].map((path) => removal(input, 'log', path))
}

function lastLabelPerDigest({ bindings }: AppState): Map<string, string> {
  return new Map(bindings.map(({ release, label }) => [release.digest, label]))
}

/** Digests by when they were last bound or started, newest first. */
function orderByUse(state: AppState, digests: readonly string[]): string[] {
  const lastUse = new Map<string, number>()
  for (const { release, at } of state.bindings) lastUse.set(release.digest, at)
  for (const { release, createdAt } of Object.values(state.deploys)) {
    lastUse.set(release.digest, Math.max(createdAt, lastUse.get(release.digest) ?? 0))
  }
  return digests.toSorted((left, right) => (lastUse.get(right) ?? 0) - (lastUse.get(left) ?? 0))
}

function sizeOfRelease({ state, paths, sizeOf }: RetentionInput, digest: string): number {
  const deploys = Object.values(state.deploys).filter(({ release }) => release.digest === digest)
  const trees = deploys.map(({ label }) => sizeOf(join(paths.deploys, label)))
  return trees.reduce((sum, bytes) => sum + bytes, sizeOf(join(paths.releases, digest)))
}

function removal(input: RetentionInput, kind: Removal['kind'], path: string): Removal {
  return { kind, path, bytes: input.sizeOf(path) }
}
