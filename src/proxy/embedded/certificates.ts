import { readFileSync, statSync } from 'node:fs'
import { createSecureContext, type SecureContext } from 'node:tls'

import { AppError } from '../../errors/index.ts'
import { findByHostName } from '../host-names.ts'
import type { Endpoint, RouteTable } from '../routes.ts'

/** Certificates by host name, as SNI asks for them. */
export interface Certificates {
  /**
   * Reads what is new or changed on the disk. The first that cannot be used throws and all in use stay; with
   * `skip` it is told there and left out instead.
   */
  replace(table: RouteTable, skip?: (problem: AppError) => void): void
  find(serverName: string): SecureContext | undefined
}

interface Loaded {
  readonly stamp: string
  readonly context: SecureContext
}

export function createCertificates(): Certificates {
  let names = new Map<string, SecureContext>()
  let loaded = new Map<string, Loaded>()
  return {
    replace: (table, skip) => {
      const nextNames = new Map<string, SecureContext>()
      const nextLoaded = new Map<string, Loaded>()
      for (const { endpoint } of Object.values(table.routes)) {
        if (endpoint.tls === undefined) continue
        const certificate = tryLoad(endpoint, loaded, skip)
        if (certificate === undefined) continue
        nextLoaded.set(endpoint.name, certificate)
        const served = endpoint.serverNames.length > 0 ? endpoint.serverNames : ['']
        for (const name of served) nextNames.set(name, certificate.context)
      }
      names = nextNames
      loaded = nextLoaded
    },
    find: (serverName) => findByHostName(names, serverName.toLowerCase()),
  }
}

function tryLoad(
  endpoint: Endpoint,
  loaded: ReadonlyMap<string, Loaded>,
  skip: ((problem: AppError) => void) | undefined,
): Loaded | undefined {
  if (endpoint.tls === undefined) return undefined
  try {
    return loadCertificate(endpoint, endpoint.tls, loaded)
  } catch (error) {
    if (skip === undefined || !(error instanceof AppError)) throw error
    skip(error)
    return undefined
  }
}

/** @throws AppError `proxy-failed`, naming the endpoint and the file. */
function loadCertificate(
  endpoint: Endpoint,
  files: NonNullable<Endpoint['tls']>,
  loaded: ReadonlyMap<string, Loaded>,
): Loaded {
  try {
    const stamp = [files.certificate, files.key].map(stampOf).join(' ')
    const present = loaded.get(endpoint.name)
    if (present?.stamp === stamp) return present
    const cert = readFileSync(files.certificate)
    const context = createSecureContext({
      cert,
      key: readFileSync(files.key),
      minVersion: 'TLSv1.2',
    })
    return { stamp, context }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new AppError(
      'proxy-failed',
      `the certificate of endpoint ${endpoint.name} (${files.certificate}, ${files.key}) cannot be used: ${reason}`,
      { cause: error },
    )
  }
}

function stampOf(path: string): string {
  const { mtimeMs, size, ino } = statSync(path)
  return `${path}:${mtimeMs}:${size}:${ino}`
}
