import { createEmbeddedDriver, type EmbeddedOptions } from './embedded/embedded-driver.ts'
import { createNginxDriver } from './nginx/nginx-driver.ts'
import type { ProxyDriver } from './proxy-driver.ts'

export type OpenProxyOptions = EmbeddedOptions

/** The driver that the settings ask for. Nothing is started or changed yet. */
export function openProxyDriver(options: OpenProxyOptions): ProxyDriver {
  const { driver, mode } = options.settings
  if (driver === 'embedded') return createEmbeddedDriver(options)
  return createNginxDriver({ ...options, mode: mode === 'reload' ? 'reload' : 'socket' })
}
