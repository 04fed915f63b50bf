/** A command of the release, run once under a name that is unique for ever. */
export interface HookRequest {
  /** Directory that belongs to this attempt: `<app>/log/<deployment>/<step>`; holds output, pid and exit status. */
  readonly directory: string
  /** Unique on this host: names the control group and the marker variable. */
  readonly name: string
  readonly command: string
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly owner: { readonly uid: number; readonly gid: number } | undefined
  /** Milliseconds until SIGTERM for everything it started; ten seconds later SIGKILL. */
  readonly timeout: number
  /** Whether it may be run again when nobody can know whether it finished. */
  readonly idempotent: boolean
  /** Whether processes that it leaves behind are its purpose (a start command). */
  readonly mayLeaveProcesses: boolean
  /** File its output is appended to; `output` in the directory unless given. */
  readonly outputFile?: string
}

export interface HookResult {
  readonly status: number | null
  readonly signal: string | null
  readonly timedOut: boolean
  /** True when an earlier run of us had started it and we only waited for its end. */
  readonly reattached: boolean
  /** The last lines it printed, control characters made visible. */
  readonly output: string
  /** Processes it left behind although it should not, and which were killed. */
  readonly killed: number
}
