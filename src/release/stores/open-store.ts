import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

import { AppError } from '../../errors/index.ts'
import { isDirectory, showUrl, systemClock, type Clock } from '../../system/index.ts'
import type { ReleaseStore } from '../store.ts'
import { openDirectoryStore } from './directory-store.ts'
import { defaultDownloadPolicy, type DownloadPolicy } from './download.ts'
import { openHttpStore } from './http-store.ts'

export interface StoreOptions {
  readonly clock?: Clock
  /** From 0 up to 1. */
  readonly random?: () => number
  /** File that holds a bearer token, for web servers. */
  readonly tokenFile?: string
  /** How long and how often to try, for web servers. */
  readonly policy?: Partial<DownloadPolicy>
}

/** Opens the store at a directory's path or an http(s) address. @throws AppError `store-invalid`. */
export function openStore(location: string, options: StoreOptions = {}): ReleaseStore {
  const { clock = systemClock, random = Math.random, tokenFile, policy } = options
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(location) ? parseUrl(location) : undefined
  if (url === undefined) return openDirectory(resolve(location), clock)
  if (url.protocol === 'file:') return openDirectory(fileURLToPath(url), clock)
  if (url.protocol === 'http:' || url.protocol === 'https:') {
    const complete = { ...defaultDownloadPolicy, ...policy }
    return openHttpStore(url, { clock, random, policy: complete, tokenFile })
  }
  throw new AppError(
    'store-invalid',
    `${showUrl(url)} is no kind of store that this version knows`,
    {
      hint: 'give the path of a directory, or an address of http or https',
    },
  )
}

function openDirectory(path: string, clock: Clock): ReleaseStore {
  if (isDirectory(path)) return openDirectoryStore(path, clock)
  throw new AppError('store-invalid', `${path} is not a directory`, {
    hint: 'create it, or correct `store` in the configuration',
  })
}

function parseUrl(location: string): URL {
  if (URL.canParse(location)) return new URL(location)
  // The address may hold a password, so it is not shown.
  throw new AppError('store-invalid', 'the address of the store is malformed')
}
