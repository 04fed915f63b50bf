import type { ProxySettings } from '../proxy-settings.ts'
import type { AccessLog } from './access-log.ts'
import type { LiveRoutes } from './live-routes.ts'

/** Something under way that is ended when nothing has moved for the configured time. */
export interface Expirable {
  /** Coarse time of the last byte in either direction. */
  touched: number
  /** Milliseconds it may stay without a byte. */
  readonly patience: number
  expire(): void
}

/** What all requests of one proxy process share. */
export interface ProxyState {
  settings: ProxySettings
  readonly live: LiveRoutes
  readonly underWay: Set<Expirable>
  log: AccessLog
  /** Milliseconds as of the last sweep: exact enough for time-outs, and free. */
  now: number
  /** Set when this process is to end: answers ask clients to close. */
  draining: boolean
  readonly nextRequestId: () => string
  isTrusted: (address: string) => boolean
}
