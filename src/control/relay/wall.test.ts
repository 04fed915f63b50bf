import assert from 'node:assert/strict'
import type { LookupAddress } from 'node:dns'
import { createServer as createWebServer } from 'node:http'
import { createServer, isIP, type AddressInfo, type Server } from 'node:net'
import test, { after, before } from 'node:test'

import { openUrl } from '../../system/index.ts'
import { noWall, openWall, type WallSettings } from './wall.ts'

// Every row asks for what must not be fetched. The port `P` in it is that of a listener on this machine, so a wall with
// a hole would be seen as a connection.

const inside: Server[] = []
let connections = 0
let bytes = 0
let port = 0
/** Answers `/to?<address>` with a redirect there. */
const entry = createWebServer((request, response) => {
  const location = decodeURIComponent((request.url ?? '').replace(/^\/to\?/, ''))
  response.writeHead(302, { location }).end()
})
let entryPort = 0

before(async () => {
  port = await listen('127.0.0.1', 0)
  await listen('127.0.0.2', port)
  await listen('127.1.1.1', port)
  await listen('::1', port).catch(() => undefined)
  await new Promise<void>((ready) => void entry.listen(0, '127.0.0.1', ready))
  entryPort = (entry.address() as AddressInfo).port
})

after(() => {
  for (const server of inside) server.close()
  entry.closeAllConnections()
  entry.close()
})

function listen(host: string, wanted: number): Promise<number> {
  const server = createServer((socket) => {
    connections += 1
    socket.on('data', (chunk) => (bytes += chunk.length))
    socket.on('error', () => undefined)
    socket.end('HTTP/1.1 200 OK\r\ncontent-length: 6\r\nconnection: close\r\n\r\nsecret')
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(wanted, host, () => {
      inside.push(server)
      resolve((server.address() as AddressInfo).port)
    })
  })
}

const publicAddress = '93.184.215.14'

/** Names and what they resolve to; all others to the listener. */
const names: Readonly<Record<string, readonly string[]>> = {
  'private.example': ['127.0.0.1'],
  'mixed.example': [publicAddress, '127.0.0.1'],
  'mixed6.example': [publicAddress, '::1'],
  'mapped.example': ['::ffff:127.0.0.1'],
  'zero.example': ['0.0.0.0'],
  'unspecified.example': ['::'],
  'lan.example': ['10.1.2.3'],
  'lan16.example': ['172.31.255.1'],
  'lan24.example': ['192.168.1.1'],
  'carrier.example': ['100.64.0.1'],
  'metadata.example': ['169.254.169.254'],
  'metadata6.example': ['fd00:ec2::254'],
  'alibaba.example': ['100.100.100.200'],
  'azure.example': ['168.63.129.16'],
  'link.example': ['fe80::1%lo'],
  'unique.example': ['fd12::1'],
  'nat64.example': ['64:ff9b::7f00:1'],
  'six.example': ['2002:7f00:1::1'],
  'many.example': [...Array.from({ length: 49 }, () => publicAddress), '127.0.0.1'],
  'nonsense.example': ['not an address'],
  'mixed-metadata.example': ['127.0.0.1', '169.254.169.254'],
}

async function resolveName(name: string): Promise<readonly LookupAddress[]> {
  const addresses = names[name] ?? ['127.0.0.1']
  return addresses.map((address) => ({ address, family: isIP(address) === 4 ? 4 : 6 }))
}

async function fetchThrough(text: string, settings: Omit<WallSettings, 'resolve'>): Promise<void> {
  const wall = openWall({ resolve: resolveName, ...settings })
  const answer = await openUrl({ url: wall.parseUrl(text), gate: wall, timeout: 2000 })
  answer.body.destroy()
}

function withPorts(text: string): string {
  return text.replaceAll(/\bP\b/g, String(port)).replaceAll('ENTRY', `127.0.0.1:${entryPort}`)
}

async function assertRefused(
  text: string,
  settings: WallSettings,
  code = /^origin-refused$/,
): Promise<void> {
  const seen = connections
  const origins = settings.origins.map(withPorts)
  await assert.rejects(
    fetchThrough(withPorts(text), { ...settings, origins }),
    (error: { code?: string; message: string }) => {
      assert.match(error.code ?? error.message, code)
      return true
    },
  )
  assert.equal(connections, seen, 'the listener saw a connection')
}

/** Private addresses are allowed, so that nothing but the name keeps these out. */
const listed: WallSettings = {
  origins: ['http://files.example:P/releases/', 'https://files.example'],
  allowPrivate: true,
}

/** Nothing of this is listed, or it is no plain address of the web. */
const notListed = [
  'http://127.0.0.1:P/',
  'http://localhost:P/',
  'http://localhost.:P/',
  'http://a.localhost:P/',
  'http://[::1]:P/',
  'http://private.example:P/',
  'http://files.example/releases/',
  'http://files.example:P/',
  'http://files.example:P/release',
  'http://files.example:P/releasesX/a',
  'http://files.example:P/releases/../secret',
  'http://files.example:P/releases/%2e%2e/secret',
  'http://files.example:P/releases/.%2e/secret',
  'http://files.example:P/releases/%2E%2E%2Fsecret',
  'http://files.example:P/releases/..%2fsecret',
  'http://files.example:P/releases/..%5csecret',
  'http://files.example:P/releases/%252e%252e%252fsecret',
  'http://files.example:P/releases/a%00b',
  'http://files.example:P//releases/',
  'http://files.example.:P/releases/a',
  'http://xfiles.example:P/releases/a',
  'http://files.example.evil.example:P/releases/a',
  'http://files.example:443/releases/a',
  'https://files.example:P/a',
  'https://files.example:22/a',
  'https://files.example:25/a',
  'https://files.example:6379/a',
  'https://files.example:0/a',
  'https://files.example:65536/a',
  'https://files.example:-1/a',
  'http://user:pass@files.example:P/releases/a',
  'http://user@files.example:P/releases/a',
  'http://:pass@files.example:P/releases/a',
  'http://files.example:P@127.0.0.1:P/releases/a',
  'http://127.0.0.1:P#@files.example:P/releases/a',
  'http://127.0.0.1:P?@files.example:P/releases/a',
  'http://127.0.0.1:P\\@files.example:P/releases/a',
  'http://files.example:P\\releases\\a',
  'http:\\\\127.0.0.1:P/',
  'http:/127.0.0.1:P/',
  'http:127.0.0.1:P/',
  'http:///127.0.0.1:P/',
  '//127.0.0.1:P/',
  '/releases/a',
  'releases/a',
  '',
  ' ',
  'http://',
  'http://%00/',
  'http://files.example:P/releases/a\r\nHost: evil',
  'http://files.example:P/releases/a\tb',
  'http://fi\tles.example:P/releases/a',
  'http://files.example:P/releases/a b',
  'http://a b:P/',
  'http://files.example:P/releases/\u0000',
  'http://fıles.example:P/releases/a',
  'http://files。example:P/releases/a',
  'http://①②⑦.0.0.1:P/',
  'file:///etc/passwd',
  'FILE:///etc/passwd',
  'gopher://127.0.0.1:P/_x',
  'ftp://127.0.0.1:P/x',
  'data:text/plain,x',
  'javascript:alert(1)',
  'unix:/run/x.sock',
  'blob:http://127.0.0.1:P/x',
  'ws://127.0.0.1:P/',
  's3://bucket/key',
  'jar:http://127.0.0.1:P!/x',
  'dict://127.0.0.1:P/x',
  'ldap://127.0.0.1:P/x',
  '--endpoint-url=http://127.0.0.1:P',
]

for (const text of notListed) {
  test(`what is not listed is refused: ${JSON.stringify(text)}`, () => assertRefused(text, listed))
}

/** Listed by their very origin, and still refused because of the address. */
const badHosts = [
  '127.0.0.1',
  '127.1',
  '0x7f.1',
  '0x7f000001',
  '017700000001',
  '2130706433',
  '127.0.0.2',
  '127.1.1.1',
  '0',
  '0.0.0.0',
  '10.0.0.1',
  '172.16.0.1',
  '192.168.0.1',
  '100.64.0.1',
  '169.254.0.1',
  '169.254.169.254',
  '0xa9fea9fe',
  '100.100.100.200',
  '168.63.129.16',
  '192.0.0.192',
  '198.18.0.1',
  '224.0.0.1',
  '239.255.255.250',
  '240.0.0.1',
  '255.255.255.255',
  '[::1]',
  '[::]',
  '[0:0:0:0:0:0:0:1]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[::ffff:a9fe:a9fe]',
  '[::127.0.0.1]',
  '[64:ff9b::a9fe:a9fe]',
  '[64:ff9b:1::7f00:1]',
  '[2002:7f00:1::]',
  '[2001:0:7f00:1::]',
  '[fe80::1]',
  '[fc00::1]',
  '[fd00:ec2::254]',
  '[fec0::1]',
  '[ff02::1]',
  'localhost',
  'a.localhost',
  'metadata.google.internal',
  'metadata',
  'instance-data.ec2.internal',
  ...Object.keys(names),
]

for (const host of badHosts) {
  test(`a listed origin with an inner address is refused: ${host}`, () =>
    assertRefused(`http://${host}:P/x`, { origins: [`http://${host}:P`] }))
}

/** Refused although private networks are allowed. */
const neverAllowed = [
  '169.254.169.254',
  '[::ffff:169.254.169.254]',
  '[64:ff9b::a9fe:a9fe]',
  '[fd00:ec2::254]',
  '[fe80::1]',
  '100.100.100.200',
  '168.63.129.16',
  '0.0.0.0',
  '[::]',
  '224.0.0.1',
  '255.255.255.255',
  'metadata.google.internal',
  'metadata.example',
  'metadata6.example',
  'alibaba.example',
  'azure.example',
  'link.example',
  'mixed-metadata.example',
]

for (const host of neverAllowed) {
  test(`metadata and link-local addresses stay refused where private ones are allowed: ${host}`, () =>
    assertRefused(`http://${host}:P/x`, { origins: [`http://${host}:P`], allowPrivate: true }))
}

/** Where a listed machine sends us; its own address is allowed. */
const redirects = [
  'http://127.0.0.1:P/x',
  'http://127.0.0.2:P/x',
  'http://[::1]:P/x',
  'http://localhost:P/x',
  '//127.0.0.1:P/x',
  'http://private.example:P/x',
  'http://user:pass@ENTRY/to?x',
  'http://169.254.169.254/latest/meta-data/',
  'file:///etc/passwd',
  'gopher://127.0.0.1:P/x',
  'http://[bad',
  'http://ENTRY/elsewhere',
]

for (const location of redirects) {
  test(`a redirect is looked at as the first address was: ${location}`, () =>
    assertRefused(
      `http://ENTRY/to?${encodeURIComponent(withPorts(location))}`,
      { origins: ['http://ENTRY/to'], allowPrivate: true },
      // A redirect to what is no address fails as a download does.
      /^(origin-refused|download-failed)$/,
    ))
}

test('a step down from https is refused though both are listed', () => {
  const wall = openWall({ origins: ['https://files.example', 'http://files.example'] })
  const [from, to] = ['https://files.example/a', 'http://files.example/a'].map((u) => new URL(u))
  assert.throws(() => wall.checkUrl(to!, from), /redirects to http/)
})

test('more than five redirects are refused', async () => {
  let asked = 0
  const count = (): void => void asked++
  entry.on('request', count)
  // It redirects to itself.
  const settings = { origins: ['http://ENTRY/to'], allowPrivate: true }
  await assertRefused('http://ENTRY/to?', settings, /^download-failed$/)
  entry.off('request', count)
  assert.equal(asked, 6)
})

test('an origin that is our own is refused though listed', async () => {
  const origins = ['http://127.0.0.1:P']
  await assertRefused('http://127.0.0.1:P/x', {
    origins,
    allowPrivate: true,
    own: [`http://127.0.0.1:${port}`],
  })
})

test('an address that the resolver did not tell of is refused on the connection, before a byte is sent', async () => {
  const { lookup: _, ...wall } = openWall({ origins: [`http://localhost:${port}`] })
  const url = wall.parseUrl(`http://localhost:${port}/x`)
  const [seen, sent] = [connections, bytes]
  await assert.rejects(openUrl({ url, gate: wall, timeout: 2000 }), { code: 'origin-refused' })
  assert.ok(connections <= seen + 2)
  assert.equal(bytes, sent)
})

test('what is listed is let through, also in a private network where that is allowed', async () => {
  const seen = connections
  const origins = [`http://files.example:${port}/releases/`]
  await fetchThrough(`http://files.example:${port}/releases/a`, { origins, allowPrivate: true })
  assert.equal(connections, seen + 1)
})

test('without a wall this machine is reached, so the listeners of this test would see a hole', async () => {
  const seen = connections
  const url = noWall.parseUrl(`http://127.0.0.1:${port}/x`)
  const answer = await openUrl({ url, gate: noWall, timeout: 2000 })
  answer.body.destroy()
  assert.equal(connections, seen + 1)
  assert.throws(() => noWall.parseUrl('file:///etc/passwd'), { code: 'origin-refused' })
  assert.throws(() => noWall.parseUrl('http:///x'), { code: 'origin-refused' })
})

test('there are at least 120 vectors', () => {
  const count = notListed.length + badHosts.length + neverAllowed.length + redirects.length
  assert.ok(count >= 120, String(count))
})

test('an origin that is none is told when the wall is opened', () => {
  for (const origin of ['files.example', 'ftp://files.example', 'https://u@files.example', '']) {
    assert.throws(() => openWall({ origins: [origin] }), { code: 'config-invalid' })
  }
})
