import type { DesiredState, WantedArchives } from '../../protocol/index.ts'

/** How an agent stands, for its loops and its figures. */
export interface Standing {
  /** The newest desired state that came; undefined until the first one. */
  readonly desired: DesiredState | undefined
  /** What the host needs fetched. */
  readonly wants: WantedArchives
  /** Of the desired state that the host has. */
  readonly onHost: { readonly epoch: string; readonly revision: number } | undefined
  /** When the server last answered, milliseconds since 1970. */
  readonly answeredAt: number | undefined
  readonly isServerThere: boolean
  readonly isHostThere: boolean
  /** Milliseconds that the server's clock is ahead of ours. */
  readonly skew: number
  /** Reports that the host has and the server does not, as far as was seen. */
  readonly pendingReports: number
}

export interface StandingBoard {
  read(): Standing
  change(part: Partial<Standing>): void
  /** Resolves at the next change, or when the signal is aborted. */
  changed(signal: AbortSignal): Promise<void>
}

const atFirst: Standing = {
  desired: undefined,
  wants: [],
  onHost: undefined,
  answeredAt: undefined,
  isServerThere: false,
  isHostThere: false,
  skew: 0,
  pendingReports: 0,
}

export function openStanding(): StandingBoard {
  let standing = atFirst
  const waiting = new Set<() => void>()
  return {
    read: () => standing,
    change: (part) => {
      standing = { ...standing, ...part }
      for (const wake of waiting) wake()
    },
    changed: (signal) =>
      new Promise((resolve) => {
        const wake = (): void => {
          waiting.delete(wake)
          signal.removeEventListener('abort', wake)
          resolve()
        }
        if (signal.aborted) return resolve()
        waiting.add(wake)
        signal.addEventListener('abort', wake, { once: true })
      }),
  }
}
