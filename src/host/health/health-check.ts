/** How a deploy proves that it works; the `check` of a release manifest has this shape. Durations in milliseconds. */
export type HealthCheck = {
  /** Between the end of one attempt and the start of the next. */
  readonly interval: number
  /** What one attempt may take. */
  readonly timeout: number
  /** Consecutive successes that count as proved. */
  readonly successes: number
  /** After this the deploy is given up. */
  readonly within: number
} & (
  | { readonly type: 'http'; readonly path: string; readonly status: readonly number[] }
  | { readonly type: 'tcp' }
  | { readonly type: 'command'; readonly command: string }
)

/** Where the deploy is to be found. A socket is preferred where there are both. */
export interface HealthTarget {
  readonly port: number | undefined
  readonly socket: string | undefined
  /** For checks of type `command`. */
  readonly command: CheckCommandPlace
}

/** What a check command runs with. */
export interface CheckCommandPlace {
  /** Private directory for its output; made and removed by the check. */
  readonly directory: string
  /** Unique on this host. */
  readonly name: string
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly owner: { readonly uid: number; readonly gid: number } | undefined
}

/** What one attempt found. */
export type Finding =
  | { readonly ok: true; readonly words: string }
  | {
      readonly ok: false
      /** Follows "the check": `got status 503`, `did not connect: …`. */
      readonly words: string
      /** Head of the body, or last output. */
      readonly output?: string
    }
