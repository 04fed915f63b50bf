import { parseByteSize, parseDuration } from '../../config/index.ts'
import { AppError } from '../../errors/index.ts'
import type { Environment } from '../../terminal/index.ts'

export interface ListenPlace {
  /** All interfaces when undefined. */
  readonly host: string | undefined
  readonly port: number
}

export interface ServerSettings {
  /** As it was given. */
  readonly address: string
  readonly listen: ListenPlace
  readonly secret: string
  readonly aws: string
  /** Directory of what must survive; a usual place when undefined. */
  readonly state: string | undefined
  readonly cacheBytes: number
  readonly cacheAge: number
  /** What may be fetched; everything when undefined. */
  readonly allow: readonly string[] | undefined
}

export interface ClientSettings {
  /** Without a slash at its end. */
  readonly host: string
  readonly secret: string
  readonly shell: string
  readonly metricsPort: number
  readonly trigger: string
  readonly script: string
  /** Directory in which the handled count is kept; it is not when undefined. */
  readonly state: string | undefined
  /** Milliseconds. */
  readonly pollInterval: number
  readonly pollTimeout: number
  readonly connectTimeout: number
  readonly downloadTimeout: number
  readonly grace: number
}

/** @throws AppError `config-invalid`. */
export function readServerSettings(env: Environment): ServerSettings {
  const address = env['PROSTAGMA_HOST'] ?? ''
  return {
    address,
    listen: parseListen(address),
    secret: env['PROSTAGMA_SECRET'] ?? '',
    aws: given(env, 'PROSTAGMA_AWS') ?? 'aws',
    state: given(env, 'PROSTAGMA_STATE'),
    cacheBytes: bytes(env, 'PROSTAGMA_CACHE_SIZE', '20GiB'),
    cacheAge: milliseconds(env, 'PROSTAGMA_CACHE_AGE', '480h'),
    allow: given(env, 'PROSTAGMA_ALLOW')
      ?.split(/[\s,]+/)
      .filter((origin) => origin !== ''),
  }
}

/** @throws AppError `config-invalid`. */
export function readClientSettings(env: Environment): ClientSettings {
  return {
    host: parseBase(env['PROSTAGMA_HOST'] ?? ''),
    secret: env['PROSTAGMA_SECRET'] ?? '',
    shell: given(env, 'PROSTAGMA_SHELL') ?? '/bin/sh',
    metricsPort: parsePort('PROSTAGMA_PROM_PORT', given(env, 'PROSTAGMA_PROM_PORT') ?? '80'),
    trigger: env['PROSTAGMA_TRIGGER'] ?? '',
    script: env['PROSTAGMA_SCRIPT'] ?? '',
    state: given(env, 'PROSTAGMA_STATE'),
    pollInterval: milliseconds(env, 'PROSTAGMA_POLL_INTERVAL', '5s'),
    pollTimeout: milliseconds(env, 'PROSTAGMA_POLL_TIMEOUT', '15s'),
    connectTimeout: milliseconds(env, 'PROSTAGMA_CONNECT_TIMEOUT', '10s'),
    downloadTimeout: milliseconds(env, 'PROSTAGMA_DOWNLOAD_TIMEOUT', '60s'),
    grace: milliseconds(env, 'PROSTAGMA_GRACE', '10s'),
  }
}

/** `host:port`, `:port`, `[::1]:port`; an empty address is port 80 of all interfaces. */
export function parseListen(address: string): ListenPlace {
  if (address === '') return { host: undefined, port: 80 }
  const [, bracketed, plain, port] =
    /^(?:\[([\da-f:.]+)\]|([^:[\]]*)):(\d{1,5})$/i.exec(address) ?? []
  if (port === undefined) {
    throw invalid('PROSTAGMA_HOST', address, 'write host:port, or :port for all interfaces')
  }
  const host = bracketed ?? plain
  const place = { port: parsePort('PROSTAGMA_HOST', port) }
  return { ...place, host: host === '' ? undefined : host }
}

function parseBase(text: string): string {
  const isWeb = /^https?:\/\/[^/]/.test(text) && URL.canParse(text)
  if (isWeb) return text.replace(/\/+$/, '')
  throw invalid('PROSTAGMA_HOST', text, 'write http://server:port')
}

function parsePort(name: string, text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Infinity
  if (port <= 65_535) return port
  throw invalid(name, text, 'a port is a number up to 65535')
}

function given(env: Environment, name: string): string | undefined {
  const value = env[name]
  return value === '' ? undefined : value
}

function milliseconds(env: Environment, name: string, usual: string): number {
  const text = given(env, name) ?? usual
  const value = parseDuration(text)
  if (value !== undefined && value > 0) return value
  throw invalid(name, text, 'write a duration such as 500ms, 10s or 5m')
}

function bytes(env: Environment, name: string, usual: string): number {
  const text = given(env, name) ?? usual
  const value = parseByteSize(text)
  if (value !== undefined && value > 0) return value
  throw invalid(name, text, 'write a size such as 500MB or 20GiB')
}

function invalid(name: string, value: string, hint: string): AppError {
  return new AppError('config-invalid', `${name} is ${JSON.stringify(value)}`, { hint })
}
