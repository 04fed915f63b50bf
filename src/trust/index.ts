export {
  checkChannelProof,
  exporterBinding,
  originBinding,
  proveOverChannel,
  type ChannelBinding,
  type ChannelProof,
} from './channel.ts'
export { fingerprintWords } from './fingerprint.ts'
export { createIdentity, readIdentity, type Identity } from './identity.ts'
export { makePrivateKey, parseIdentity } from './identity.ts'
export { isSignedBy, readPublicIdentity, type PublicIdentity } from './identity.ts'
export { judgeJoinState, nextJoinState, type JoinState } from './join-state.ts'
export type { JoinMark, JoinRecord } from './join-state.ts'
export { formatPublicKey, parsePublicKey, readPublicKeyFile } from './minisign/public-key.ts'
export { publicKeyLine, type SigningPublicKey } from './minisign/public-key.ts'
export { makeSigningKey, readSigningKey, type SigningKey } from './minisign/signing-key.ts'
export { createPublicFile, createPrivateFile, readPassword } from './private-file.ts'
export { readPrivateFile, readSmallFile } from './private-file.ts'
export { cosignRelease, signRelease, type SignedStatement } from './release/sign-release.ts'
export { parseStatement, type ReleaseStatement } from './release/statement.ts'
export { verifyRelease, type SigningPolicy } from './release/verify-release.ts'
export { keepCertificate } from './tls/keep-certificate.ts'
export { createTlsDoor, type TlsDoor } from './tls/tls-door.ts'
export { isSameSecret, makeJoinToken, makeToken, parseJoinToken, parseToken } from './token.ts'
export { tokenKinds, type JoinToken, type Token, type TokenKind } from './token.ts'
export { connectToServer, type ServerConnection } from './pinned/connect-to-server.ts'
export type { PinnedServer, TakeBody } from './pinned/connect-to-server.ts'
export { unreachable, type WireAnswer, type WireHead, type WireLimits } from './pinned/wire.ts'
export type { WireMessage } from './pinned/wire.ts'
