import type { WantedArchives, WantedRelease } from '../../protocol/index.ts'
import type { Bell } from './bell.ts'

/** Archives that deployments wait for. */
export interface WantList {
  /** Grows with every change of what is wanted, also when the same is wanted again. */
  readonly version: number
  list(): WantedArchives
  find(digest: string): WantedRelease | undefined
  /** An app waits for one archive at most; undefined for none. */
  set(app: string, release: WantedRelease | undefined): void
  /** It is here: nobody is to fetch it again, however long its apps take to see it. */
  drop(digest: string): void
  /** What came was not it. */
  again(): void
}

export function createWantList(bell: Bell): WantList {
  const wanted = new Map<string, WantedRelease>()
  let version = 0
  const changed = (): void => {
    version++
    bell.ring()
  }
  return {
    get version() {
      return version
    },
    list: () => {
      const sizes = new Map([...wanted.values()].map(({ digest, size }) => [digest, size]))
      return [...sizes].map(([digest, size]) => ({ digest, size }))
    },
    find: (digest) => [...wanted.values()].find((release) => release.digest === digest),
    set: (app, release) => {
      if (wanted.get(app)?.digest === release?.digest) return
      if (release === undefined) wanted.delete(app)
      else wanted.set(app, release)
      changed()
    },
    drop: (digest) => {
      for (const [app, release] of wanted) if (release.digest === digest) wanted.delete(app)
    },
    again: changed,
  }
}
