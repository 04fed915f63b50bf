import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { isIP } from 'node:net'

import { isHostName } from '../../config/index.ts'
import { AppError } from '../../errors/index.ts'
import type { RandomBytes } from '../random-bytes.ts'
import { bits, der, generalName, identifier, integer, octets, sequence, time, yes } from './der.ts'

export interface CertificateRequest {
  /** Host names and IP addresses that the server is reached by; at least one. */
  readonly names: readonly string[]
  /** Milliseconds since 1970. */
  readonly now: number
  readonly random: RandomBytes
}

/** How long a self-made certificate is good for: as long as the strictest clients allow. */
export const certificateLife = 397 * 24 * 3_600_000

/** For clients whose clock is behind ours. */
const backdating = 24 * 3_600_000

/**
 * A new ECDSA P-256 key and a certificate that it signs itself, as one PEM text: key first. Agents do not trust it for
 * who made it: they pin the server's identity, which is proved over the connection. Browsers know no Ed25519.
 */
export function makeCertificate({ names, now, random }: CertificateRequest): string {
  assertNames(names)
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const signed = sequence(
    der(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([0x40]), random(15)])),
    ecdsaWithSha256,
    commonName,
    sequence(time(now - backdating), time(now - backdating + certificateLife)),
    commonName,
    publicKey.export({ format: 'der', type: 'spki' }),
    der(0xa3, sequence(...extensions(names))),
  )
  const certificate = sequence(signed, ecdsaWithSha256, bits(sign('sha256', signed, privateKey)))
  return `${pemOfKey(privateKey)}${pemOf(certificate)}`
}

const ecdsaWithSha256 = sequence(identifier('1.2.840.10045.4.3.2'))
const commonName = sequence(
  der(0x31, sequence(identifier('2.5.4.3'), der(0x0c, Buffer.from('sluice')))),
)

/** No authority over others, signs handshakes of servers, and the names it is for. */
function extensions(names: readonly string[]): Buffer[] {
  return [
    extension('2.5.29.19', sequence(), yes),
    extension('2.5.29.15', bits(Buffer.from([0x80]), 7), yes),
    extension('2.5.29.37', sequence(identifier('1.3.6.1.5.5.7.3.1'))),
    extension('2.5.29.17', sequence(...names.map(generalName))),
  ]
}

function extension(id: string, content: Buffer, ...critical: readonly Buffer[]): Buffer {
  return sequence(identifier(id), ...critical, octets(content))
}

function assertNames(names: readonly string[]): void {
  const wrong = names.find((name) => isIP(name) === 0 && !isHostName(name, 'wildcard'))
  if (wrong !== undefined || names.length === 0 || names.length > 100) {
    throw new AppError('config-invalid', `"${wrong ?? ''}" is not a host name or IP address`)
  }
}

function pemOfKey(key: KeyObject): string {
  return key.export({ format: 'pem', type: 'pkcs8' }).toString()
}

function pemOf(certificate: Buffer): string {
  const lines = certificate.toString('base64').replace(/.{64}/g, '$&\n').trimEnd()
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`
}
