import { request as requestPlain, type RequestOptions } from 'node:http'
import { request as requestSecure } from 'node:https'

import type { ProbeOptions } from './proxy-driver.ts'
import type { ListenAddress } from './proxy-settings.ts'
import type { Endpoint } from './routes.ts'

/** Where the public doors of a proxy are reached from its own host. */
export interface PublicDoors {
  readonly http?: ListenAddress | undefined
  readonly https?: ListenAddress | undefined
}

/** Asks through the public door of an endpoint; answers the status, or undefined when no answer came in time. */
export function askThroughEndpoint(
  doors: PublicDoors,
  endpoint: Endpoint,
  options: ProbeOptions,
): Promise<number | undefined> {
  const isSecure = endpoint.tls !== undefined && doors.https !== undefined
  const door = isSecure ? doors.https : doors.http
  if (door === undefined) return Promise.resolve(undefined)
  const host = exampleHost(endpoint)
  const asked: RequestOptions = {
    host: reachableAddress(door.address),
    port: door.port,
    path: options.path,
    method: 'GET',
    agent: false,
    headers: { Host: host, 'User-Agent': 'sluice-probe', Connection: 'close' },
  }
  return new Promise((resolve) => {
    // Whether the certificate is right for the world is not the question here.
    const sent = isSecure
      ? requestSecure({ ...asked, servername: host, rejectUnauthorized: false })
      : requestPlain(asked)
    const timer = setTimeout(() => sent.destroy(new Error('no answer in time')), options.timeout)
    const finish = (status: number | undefined): void => {
      clearTimeout(timer)
      resolve(status)
    }
    sent.on('response', (response) => {
      finish(response.statusCode)
      // Long answers (event streams) are not waited for.
      response.on('error', () => undefined)
      response.destroy()
    })
    sent.on('error', () => finish(undefined))
    sent.end()
  })
}

/** A host name that leads to the endpoint. */
export function exampleHost(endpoint: Endpoint): string {
  const [name = 'probe.sluice.invalid'] = endpoint.serverNames
  return name.startsWith('*.') ? `sluice-probe${name.slice(1)}` : name
}

/** An address that means all is asked on the loopback one. */
export function reachableAddress(address: string): string {
  if (address === '0.0.0.0' || address === '') return '127.0.0.1'
  return address === '::' ? '::1' : address
}
