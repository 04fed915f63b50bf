import assert from 'node:assert/strict'
import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto'
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import test from 'node:test'
import { connect } from 'node:tls'

import { afterwards } from '../../../test/support/afterwards.ts'
import { temporaryFolder } from '../../../test/support/temp-folder.ts'
import { addressBytes, integer, time } from './der.ts'
import { isCertificateDue, keepCertificate } from './keep-certificate.ts'
import { certificateLife, makeCertificate } from './make-certificate.ts'
import { createTlsDoor } from './tls-door.ts'

const day = 24 * 3_600_000
const now = Date.parse('2026-11-20T12:00:00Z')
const names = ['deploy.example.com', '*.hosts.example.com', '192.0.2.7', '2001:db8::7']
const request = { names, now, random: randomBytes }

test('a certificate is good for its names, signed by its own key, and for no authority', () => {
  const pem = makeCertificate(request)
  const certificate = new X509Certificate(pem.slice(pem.indexOf('-----BEGIN CERT')))
  assert.equal(certificate.verify(certificate.publicKey), true)
  assert.equal(certificate.checkPrivateKey(createPrivateKey(pem)), true)
  assert.equal(certificate.ca, false)
  assert.match(certificate.serialNumber, /^40[0-9A-F]{30}$/)
  assert.equal(certificate.subject, 'CN=sluice')
  assert.equal(certificate.issuer, 'CN=sluice')
  assert.equal(certificate.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1')
  assert.equal(Date.parse(certificate.validFrom), now - day)
  assert.equal(Date.parse(certificate.validTo), now - day + certificateLife)
  for (const host of ['deploy.example.com', 'a.hosts.example.com']) {
    assert.ok(certificate.checkHost(host), host)
  }
  for (const host of ['example.com', 'hosts.example.com', 'a.b.hosts.example.com']) {
    assert.equal(certificate.checkHost(host), undefined, host)
  }
  assert.ok(certificate.checkIP('192.0.2.7') && certificate.checkIP('2001:db8:0:0:0:0:0:7'))
  assert.equal(certificate.checkIP('192.0.2.8'), undefined)
})

test('names that are none are refused, and so is no name at all', () => {
  for (const wrong of [
    '',
    'a b',
    'Example.com',
    'a\0b',
    '-a',
    '1.2.3.4.5.',
    '*.*.a',
    'a/b',
    '::g',
  ]) {
    const asked = { ...request, names: ['good.example.com', wrong] }
    assert.throws(() => makeCertificate(asked), { code: 'config-invalid' }, wrong)
  }
  assert.throws(() => makeCertificate({ ...request, names: [] }), { code: 'config-invalid' })
})

test('a certificate is due when a third of its life is left, and when it does not fit', () => {
  const pem = makeCertificate(request)
  const due = (change: { now?: number; names?: readonly string[] }, text = pem) =>
    isCertificateDue(text, { names, now, ...change })
  assert.equal(due({}), false)
  assert.equal(due({ names: ['deploy.example.com'] }), false)
  assert.equal(due({ now: now - day + certificateLife * 0.66 }), false)
  assert.equal(due({ now: now - day + certificateLife * 0.67 }), true)
  assert.equal(due({ now: now + 10 * certificateLife }), true)
  assert.equal(due({ now: now - 2 * day }), true)
  assert.equal(due({ names: [...names, 'new.example.com'] }), true)
  assert.equal(due({ names: ['*.example.com'] }), true)
  assert.equal(due({ names: ['192.0.2.8'] }), true)
  for (const text of ['', 'rubbish', pem.slice(50), pem.slice(0, 400)]) {
    assert.equal(due({}, text), true)
  }
})

test('the certificate in a file stays until it is due, and only its owner may read it', (t) => {
  const file = join(temporaryFolder(t), 'tls', 'server.pem')
  const first = keepCertificate(file, request)
  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.equal(keepCertificate(file, { ...request, now: now + 100 * day }), first)
  const second = keepCertificate(file, { ...request, now: now + 300 * day })
  assert.notEqual(second, first)
  assert.equal(readFileSync(file, 'latin1'), second)
  writeFileSync(file, second.slice(0, 300))
  assert.equal(isCertificateDue(keepCertificate(file, request), request), false)
  chmodSync(file, 0o644)
  assert.throws(() => keepCertificate(file, request), { code: 'key-exposed' })
})

test('the door gives new connections the renewed certificate and keeps the old ones', async (t) => {
  const http = createServer((_incoming, outgoing) => outgoing.end('hello'))
  const [first, second] = [makeCertificate(request), makeCertificate(request)]
  const door = createTlsDoor(http, first)
  await new Promise<void>((resolve) => door.server.listen(0, '127.0.0.1', resolve))
  afterwards(t, () => {
    http.closeAllConnections()
    door.server.close()
  })
  const { port } = door.server.address() as AddressInfo
  const before = await handshake(port)
  door.renew(second)
  const after = await handshake(port)
  assert.notEqual(after.fingerprint, before.fingerprint)
  for (const { ask, end } of [before, after]) {
    assert.match(await ask(), /^HTTP\/1\.1 200 OK[^]*hello/)
    end()
  }
})

test('plain HTTP and old TLS get no answer and harm nothing', async (t) => {
  const http = createServer((_incoming, outgoing) => outgoing.end('hello'))
  const door = createTlsDoor(http, makeCertificate(request))
  await new Promise<void>((resolve) => door.server.listen(0, '127.0.0.1', resolve))
  afterwards(t, () => {
    http.closeAllConnections()
    door.server.close()
  })
  const { port } = door.server.address() as AddressInfo
  await assert.rejects(fetch(`http://127.0.0.1:${port}/`))
  await assert.rejects(handshake(port, { maxVersion: 'TLSv1.1', minVersion: 'TLSv1' }))
  const { ask, end } = await handshake(port)
  assert.match(await ask(), /hello/)
  end()
})

test('numbers, times and addresses are written as DER has them', () => {
  assert.equal(integer(Buffer.from([0, 0, 0x80])).toString('hex'), '02020080')
  assert.equal(integer(Buffer.alloc(3)).toString('hex'), '020100')
  assert.equal(time(Date.parse('2049-12-31T23:59:59Z')).toString('latin1', 2), '491231235959Z')
  assert.equal(time(Date.parse('2050-01-01T00:00:00Z')).toString('latin1', 2), '20500101000000Z')
  const addresses = {
    '192.0.2.7': 'c0000207',
    '::': '0'.repeat(32),
    '::1': `${'0'.repeat(31)}1`,
    'fe80::': `fe80${'0'.repeat(28)}`,
    '2001:db8::7:8': '20010db8000000000000000000070008',
    '1:2:3:4:5:6:7:8': '00010002000300040005000600070008',
    '::ffff:192.0.2.7': '00000000000000000000ffffc0000207',
  }
  for (const [address, hex] of Object.entries(addresses)) {
    assert.equal(addressBytes(address).toString('hex'), hex, address)
  }
})

interface Visitor {
  readonly fingerprint: string
  ask(): Promise<string>
  end(): void
}

async function handshake(
  port: number,
  versions: Pick<Parameters<typeof connect>[1] & object, 'minVersion' | 'maxVersion'> = {},
): Promise<Visitor> {
  return await new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, rejectUnauthorized: false, ...versions }
    const socket = connect(options, () =>
      resolve({
        fingerprint: socket.getPeerCertificate().fingerprint256,
        ask: () =>
          new Promise((answer) => {
            socket.once('data', (chunk: Buffer) => answer(chunk.toString()))
            socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
          }),
        end: () => void socket.destroy(),
      }),
    )
    socket.once('error', reject)
  })
}
