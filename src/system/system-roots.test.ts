import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import test from 'node:test'
import * as tls from 'node:tls'

import { trustSystemRoots } from './system-roots.ts'

test('the certificates of the machine are trusted beside those of the runtime', () => {
  const bundled = tls.getCACertificates('bundled').map(fingerprint)
  trustSystemRoots()
  const trusted = new Set(tls.getCACertificates('default').map(fingerprint))
  const system = tls.getCACertificates('system').map(fingerprint)
  assert.deepEqual(
    [...bundled, ...system].filter((one) => !trusted.has(one)),
    [],
  )
})

function fingerprint(certificate: string): string {
  return new X509Certificate(certificate).fingerprint256
}
