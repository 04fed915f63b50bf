/** What a hint is about. */
export type ChangedKind = 'triggers' | 'agents'

/** Names what may have changed; undefined: anything of its kind. */
export type ChangeHint = (names: readonly string[] | undefined) => void

/** Passes on what has changed to whoever waits in this process. */
export interface Changes {
  /** Answers how to stop. */
  on(kind: ChangedKind, hint: ChangeHint): () => void
  tell(kind: ChangedKind, names: readonly string[] | undefined): void
}

export function openChanges(): Changes {
  const hints = { triggers: new Set<ChangeHint>(), agents: new Set<ChangeHint>() }
  return {
    on: (kind, hint) => {
      hints[kind].add(hint)
      return () => void hints[kind].delete(hint)
    },
    tell: (kind, names) => hints[kind].forEach((hint) => hint(names)),
  }
}

/** The channels on which PostgreSQL tells other servers what was changed. */
export const changeChannels: Readonly<Record<ChangedKind, string>> = {
  triggers: 'sluice_raised',
  agents: 'sluice_agents',
}

/** A notification holds less than 8,000 bytes; an empty one means anything. */
const longestNotice = 7000

export function noticeOf(names: readonly string[]): string {
  const text = JSON.stringify(names)
  return Buffer.byteLength(text) > longestNotice ? '' : text
}
