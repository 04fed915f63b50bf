import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { dirname } from 'node:path'

import { makeDirectory, pathExists, replaceFile } from '../../system/index.ts'
import { readPrivateFile } from '../private-file.ts'
import { certificateLife, makeCertificate, type CertificateRequest } from './make-certificate.ts'

/**
 * The key and certificate in a file, made where there is none, and made anew when it ends soon or lacks a name. Both
 * are in one file, so that no crash leaves a key without its certificate. Agents notice nothing: they pin the identity.
 * @throws AppError `key-exposed`, `io-failed`.
 */
export function keepCertificate(file: string, request: CertificateRequest): string {
  if (pathExists(file)) {
    const present = readPrivateFile(file).toString('latin1')
    if (!isCertificateDue(present, request)) return present
  }
  const made = makeCertificate(request)
  makeDirectory(dirname(file), 0o700)
  replaceFile(file, made)
  return made
}

/** Whether a certificate must be replaced: a third of its life is left, a name is missing, or it cannot be read. */
export function isCertificateDue(
  pem: string,
  { names, now }: Pick<CertificateRequest, 'names' | 'now'>,
): boolean {
  const certificate = readCertificate(pem)
  if (certificate === undefined) return true
  const ends = Date.parse(certificate.validTo)
  const begins = Date.parse(certificate.validFrom)
  const isTimely = ends - now > certificateLife / 3 && begins <= now
  return !isTimely || !names.every((name) => isFor(certificate, name))
}

function isFor(certificate: X509Certificate, name: string): boolean {
  const found = isIP(name) === 0 ? hostOf(certificate, name) : certificate.checkIP(name)
  return found !== undefined
}

/** A wildcard is there only by its own name. */
function hostOf(certificate: X509Certificate, name: string): string | undefined {
  if (!name.startsWith('*.')) return certificate.checkHost(name)
  const names = (certificate.subjectAltName ?? '').split(', ')
  return names.includes(`DNS:${name}`) ? name : undefined
}

function readCertificate(pem: string): X509Certificate | undefined {
  try {
    const certificate = new X509Certificate(pem.slice(pem.indexOf('-----BEGIN CERTIFICATE-----')))
    return pem.startsWith('-----BEGIN PRIVATE KEY-----\n') ? certificate : undefined
  } catch {
    return undefined
  }
}
