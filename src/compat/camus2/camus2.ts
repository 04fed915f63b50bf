import { AppError } from '../../errors/index.ts'
import type { Clock } from '../../system/index.ts'
import type { ProxyModeConfig, ToolConfig } from './config/tool-config.ts'
import type { Log } from './log.ts'

/** What the program is given from outside. */
export interface Camus2Io {
  readonly stdout: Output
  readonly stderr: Output
  readonly env: Readonly<Record<string, string | undefined>>
  /** Path of the program as it was called, links included. */
  readonly executable: string
  /** The system's clock unless given. */
  readonly clock?: Clock
}

export interface Output {
  write(text: string): unknown
}

/** What every configured command works with. Paths below are made from it by `deploysPath`. */
export interface Camus2 {
  readonly config: ToolConfig
  readonly log: Log
  readonly io: Camus2Io
  readonly clock: Clock
}

/** The same with log lines one level deeper, after logging what is begun. */
export function scope(camus2: Camus2, text: string): Camus2 {
  return { ...camus2, log: camus2.log.scope(text) }
}

/** @throws AppError when the configuration has no proxy mode. */
export function proxyMode(camus2: Pick<Camus2, 'config'>): ProxyModeConfig {
  const { deployMode } = camus2.config
  if (deployMode !== undefined) return deployMode
  throw new AppError('config-invalid', 'Proxy not enabled in configuration')
}
