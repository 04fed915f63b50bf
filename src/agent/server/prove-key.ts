import { proveOverChannel } from '../../trust/index.ts'
import type { ChannelProof, Identity, ServerConnection, WireLimits } from '../../trust/index.ts'
import { askServer } from './ask-server.ts'
import { readNonce } from './server-answers.ts'

/** Proves a key over a connection, with a nonce of the server. `about` begins with whom or what it is about. */
export async function proveKey(
  connection: ServerConnection,
  claim: {
    readonly identity: Identity
    readonly purpose: 'agent enrolment' | 'agent login'
    readonly about: readonly string[]
  },
  limits: WireLimits,
): Promise<{ readonly nonce: string; readonly proof: ChannelProof }> {
  const asked = { path: '/v1/agent/nonce', read: readNonce }
  const { nonce: text } = await askServer(connection, asked, limits)
  const nonce = Buffer.from(text, 'base64url')
  const { identity, purpose, about } = claim
  const { binding } = connection
  const proof = proveOverChannel(identity, { purpose, nonce, binding, about })
  return { nonce: text, proof }
}
