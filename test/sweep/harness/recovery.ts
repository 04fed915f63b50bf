import type { RunResult } from '../../../src/system/index.ts'
import type { Flow } from './flows.ts'
import type { Before } from './oracle.ts'
import type { Site } from './site.ts'

/** What people and timers do after a crash: finish it, restart the host, try again, go back by itself. */
export const recoveries = ['resume', 'boot', 'again', 'revert'] as const
export type Recovery = (typeof recoveries)[number]

/** The command that recovers, in words. */
export async function recoveryWords(
  site: Site,
  recovery: Recovery,
  broken: { readonly flow: Flow; readonly words: readonly string[]; readonly before: Before },
): Promise<readonly string[]> {
  if (recovery === 'again') return broken.words
  if (recovery !== 'revert') return [recovery]
  const deployment = site.state().unfinished ?? newJournal(site, broken.before) ?? 'none'
  return ['host', 'revert', '--app', 'shop', '--deployment', deployment]
}

/** The journal that was begun since then, if any; of several, that of the same second may be an earlier one. */
export function newJournal(site: Site, before: Before): string | undefined {
  return newJournals(site, before).at(-1)
}

/** Whether what was asked for has been done since then, by the broken command or by a recovery that was broken too. */
export function isDone(site: Site, before: Before): boolean {
  return newJournals(site, before).some((id) => outcomeOf(site, id) === 'succeeded')
}

function newJournals(site: Site, before: Before): string[] {
  return site.journals().filter((id) => !before.journals.has(id))
}

function outcomeOf(site: Site, deployment: string): string | undefined {
  return site.journal(deployment).findLast((entry) => entry.type === 'outcome')?.outcome
}

/** Whether a recovery's exit status says what has happened. */
export function judgeRecovery(
  site: Site,
  end: RunResult,
  about: {
    readonly recovery: Recovery
    readonly deployment: string | undefined
    readonly wasOpen: boolean
    readonly wasDone: boolean
  },
): string[] {
  const { recovery, deployment, wasDone } = about
  const outcome = deployment === undefined ? undefined : outcomeOf(site, deployment)
  // Done already, it is asked for once more: that may work and may not.
  if (recovery === 'again' && (wasDone || outcome === 'succeeded')) return []
  const expected = expectedStatus(recovery, { outcome, wasOpen: about.wasOpen })
  if (expected === end.status) return []
  return [
    `exit ${end.signal ?? end.status} of ${recovery} after ${outcome ?? 'nothing'}: ${end.stdout}${end.stderr}`,
  ]
}

function expectedStatus(
  recovery: Recovery,
  { outcome, wasOpen }: { readonly outcome: string | undefined; readonly wasOpen: boolean },
): number {
  if (recovery === 'boot' || recovery === 'again') return 0
  if (!wasOpen || outcome === undefined) return recovery === 'resume' ? 4 : 0
  return outcome === 'succeeded' || recovery === 'revert' ? 0 : 1
}
