import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TLSSocket } from 'node:tls'

import { exporterBinding, proveOverChannel, type Identity } from '../../trust/index.ts'
import type { ServerSettings } from '../settings/server-settings.ts'
import type { WireRequest } from './answer-request.ts'
import { callerAddress, plainAddress } from './exposure.ts'
import { readBody } from './read-body.ts'

/** What node:http has of a request, as the rest of the server wants it. */
export function wireRequest(
  incoming: IncomingMessage,
  {
    settings,
    identity,
    outgoing,
  }: {
    readonly settings: ServerSettings
    readonly identity: Identity
    readonly outgoing: ServerResponse
  },
): WireRequest {
  const { method = '', url = '', rawHeaders, socket } = incoming
  const forwarded = incoming.headers['x-forwarded-for']
  const peer = plainAddress(socket.remoteAddress)
  return {
    head: { method, url, rawHeaders },
    from: callerAddress(peer, forwarded?.toString(), settings.trustedProxies),
    get signal() {
      return closeSignal(outgoing)
    },
    readBody: (cap) => readBody(incoming, cap),
    prove: (nonce) => {
      const binding = exporterBinding(socket as TLSSocket)
      return proveOverChannel(identity, { purpose: 'server channel', nonce, binding, about: [] })
    },
  }
}

/** Aborted when nobody can be answered any more. */
function closeSignal(outgoing: ServerResponse): AbortSignal {
  const gone = new AbortController()
  if (outgoing.closed) gone.abort()
  else outgoing.once('close', () => gone.abort())
  return gone.signal
}
