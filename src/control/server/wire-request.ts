import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TLSSocket } from 'node:tls'

import { exporterBinding, proveOverChannel, type Identity } from '../../trust/index.ts'
import type { ServerSettings } from '../settings/server-settings.ts'
import type { WireRequest } from './answer-request.ts'
import { callerAddress, plainAddress } from './exposure.ts'
import { assertPlainBody, readBody } from './read-body.ts'
import { streamBody } from './stream-body.ts'

/** A request of node:http as the answering takes it. */
export function wireRequest(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  {
    settings,
    identity,
    gone,
  }: {
    readonly settings: ServerSettings
    readonly identity: Identity
    readonly gone: AbortController
  },
): WireRequest {
  const { method = '', url = '', rawHeaders, socket } = incoming
  const forwarded = incoming.headers['x-forwarded-for']
  const peer = plainAddress(socket.remoteAddress)
  return {
    head: { method, url, rawHeaders },
    from: callerAddress(peer, forwarded?.toString(), settings.trustedProxies),
    signal: gone.signal,
    readBody: async (cap) => {
      admitBody(incoming, outgoing, cap)
      return await readBody(incoming, cap)
    },
    streamBody: (cap) => {
      admitBody(incoming, outgoing, cap)
      return streamBody(incoming, { cap })
    },
    prove: (nonce) => {
      const binding = exporterBinding(socket as TLSSocket)
      return proveOverChannel(identity, { purpose: 'server channel', nonce, binding, about: [] })
    },
  }
}

/** Who asks first whether a body is wanted hears so when it is, and not before. */
function admitBody(incoming: IncomingMessage, outgoing: ServerResponse, cap: number): void {
  assertPlainBody(incoming, cap)
  if (/^100-continue$/i.test(incoming.headers.expect ?? '')) outgoing.writeContinue()
}
