import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TLSSocket } from 'node:tls'

import { exporterBinding, originBinding, proveOverChannel } from '../../trust/index.ts'
import type { ChannelBinding, Identity } from '../../trust/index.ts'
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
  }: {
    readonly settings: ServerSettings
    readonly identity: Identity
  },
): WireRequest {
  const { method = '', url = '', rawHeaders, socket } = incoming
  const forwarded = incoming.headers['x-forwarded-for']
  const peer = plainAddress(socket.remoteAddress)
  const binding = (): ChannelBinding =>
    settings.origin === undefined
      ? exporterBinding(socket as TLSSocket)
      : originBinding(new URL(settings.origin))
  return {
    head: { method, url, rawHeaders },
    from: callerAddress(peer, forwarded?.toString(), settings.trustedProxies),
    get signal() {
      return closeSignal(outgoing)
    },
    readBody: async (cap) => {
      admitBody(incoming, outgoing, cap)
      return await readBody(incoming, cap)
    },
    streamBody: (cap) => {
      admitBody(incoming, outgoing, cap)
      return streamBody(incoming, { cap })
    },
    binding,
    prove: (nonce) => {
      const claim = { purpose: 'server channel', nonce, binding: binding(), about: [] } as const
      return proveOverChannel(identity, claim)
    },
  }
}

/** Who asks first whether a body is wanted hears so when it is, and not before. */
function admitBody(incoming: IncomingMessage, outgoing: ServerResponse, cap: number): void {
  assertPlainBody(incoming, cap)
  if (/^100-continue$/i.test(incoming.headers.expect ?? '')) outgoing.writeContinue()
}

/** Aborted when nobody can be answered any more. */
function closeSignal(outgoing: ServerResponse): AbortSignal {
  const gone = new AbortController()
  if (outgoing.closed) gone.abort()
  else outgoing.once('close', () => gone.abort())
  return gone.signal
}
