import { request as requestHttp } from 'node:http'
import { request as requestHttps, type RequestOptions } from 'node:https'

import type { Clock } from '../../system/index.ts'
import type { TrafficSample } from './traffic-probe.ts'

/** The public door of an endpoint as a visitor on this machine reaches it. */
export interface EndpointDoor {
  readonly address: string
  readonly port: number
  /** Certificates are not verified: the probe asks whether an answer comes, not from whom. */
  readonly tls: boolean
  /** Sent as Host, and as the server name of TLS. */
  readonly host: string
  readonly path: string
  /** Milliseconds for the whole answer. */
  readonly timeout: number
}

/**
 * One request on a connection of its own. Any complete answer with a status below 500 is a success; a 4xx is the
 * application's word, not the deploy's doing.
 */
export function requestEndpoint(door: EndpointDoor, clock: Clock): Promise<TrafficSample> {
  const sentAt = clock.monotonic()
  return new Promise((resolve) => {
    const options: RequestOptions = {
      host: door.address,
      port: door.port,
      path: door.path,
      agent: false,
      headers: { host: door.host, 'user-agent': 'sluice-probe', connection: 'close' },
      ...(door.tls ? { servername: door.host, rejectUnauthorized: false } : {}),
    }
    const exchange = door.tls ? requestHttps(options) : requestHttp(options)
    const timer = setTimeout(() => finish(false), door.timeout)
    function finish(ok: boolean): void {
      clearTimeout(timer)
      exchange.destroy()
      resolve({ ok, milliseconds: clock.monotonic() - sentAt })
    }
    exchange.on('error', () => finish(false))
    exchange.on('response', (response) => {
      response.on('error', () => finish(false))
      response.on('end', () => finish((response.statusCode ?? 500) < 500))
      response.on('close', () => finish(false))
      response.resume()
    })
    exchange.end()
  })
}
