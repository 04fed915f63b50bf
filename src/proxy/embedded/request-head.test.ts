import assert from 'node:assert/strict'
import test from 'node:test'

import { buildHead, checkHead, type OnwardRequest } from './request-head.ts'

const onward: OnwardRequest = {
  origin: { peer: '192.0.2.7', trusted: false, secure: false },
  host: 'shop.test',
  target: '/a?b=c',
  requestId: 'id-1',
  connection: 'close',
  chunked: false,
}

function check(url: string, ...rawHeaders: string[]) {
  return checkHead({ method: 'GET', url, rawHeaders })
}

function build(rawHeaders: string[], changes: Partial<OnwardRequest> = {}): string {
  const headers: Record<string, string> = {}
  for (let at = 0; at < rawHeaders.length; at += 2) {
    headers[(rawHeaders[at] ?? '').toLowerCase()] = rawHeaders[at + 1] ?? ''
  }
  return buildHead({ method: 'GET', rawHeaders, headers }, { ...onward, ...changes })
}

test('host and target are read as they are', () => {
  assert.deepEqual(check('/a?b', 'Host', 'Shop.Test:8080'), {
    host: 'Shop.Test:8080',
    name: 'shop.test',
    target: '/a?b',
  })
  assert.deepEqual(check('/', 'host', '[::1]:80'), { host: '[::1]:80', name: '[::1]', target: '/' })
})

test('an absolute target for its own host becomes an origin target', () => {
  const seen = check('http://shop.test?x', 'Host', 'shop.test')
  assert.ok('target' in seen)
  assert.equal(seen.target, '/?x')
})

const refused: [string, string, ...string[]][] = [
  ['two hosts', '/', 'Host', 'a', 'Host', 'a'],
  ['no host', '/'],
  ['an empty host', '/', 'Host', ''],
  ['a host with a path', '/', 'Host', 'a/b'],
  ['a host with a user', '/', 'Host', 'a@b'],
  ['an absolute target for another host', 'http://b/', 'Host', 'a'],
  ['an absolute target with a user', 'http://a@b/', 'Host', 'b'],
  ['a relative target', 'a/b', 'Host', 'a'],
]
for (const [title, url, ...headers] of refused) {
  test(`a request with ${title} is refused`, () => {
    const seen = check(url, ...headers)
    assert.ok('refused' in seen)
    assert.equal(seen.refused, 400)
  })
}

test('fields of one connection do not travel on, nor do those that Connection names', () => {
  const mine = ['Host', 'shop.test', 'Connection', 'close, X-Mine', 'X-Mine', '1', 'TE', 'trailers']
  const upgrade = ['Upgrade', 'h2c', 'HTTP2-Settings', 'x', 'Expect', '100-continue']
  const head = build([...mine, ...upgrade, 'Kept', 'yes'])
  assert.doesNotMatch(head, /x-mine|te:|upgrade|expect|http2/i)
  assert.match(
    head,
    /^GET \/a\?b=c HTTP\/1\.1\r\nHost: shop\.test\r\nKept: yes\r\nConnection: close\r\n/,
  )
})

test('Host and Content-Length stay, even when Connection names them', () => {
  const head = build(['Host', 'a', 'Connection', 'Host, Content-Length', 'Content-Length', '3'])
  assert.match(head, /\r\nHost: a\r\nContent-Length: 3\r\n/)
})

const spoofed = ['Host', 'a', 'X-Forwarded-For', '6.6.6.6', 'X-Forwarded-Proto', 'https']

test("a stranger's forwarded fields are replaced", () => {
  const head = build(spoofed)
  assert.match(head, /\r\nX-Forwarded-For: 192\.0\.2\.7\r\nX-Forwarded-Proto: http\r\n/)
  assert.doesNotMatch(head, /6\.6\.6\.6/)
})

test("a trusted proxy's forwarded fields are believed and continued", () => {
  const head = build(spoofed, { origin: { ...onward.origin, trusted: true } })
  assert.match(
    head,
    /\r\nX-Forwarded-For: 6\.6\.6\.6, 192\.0\.2\.7\r\nX-Forwarded-Proto: https\r\n/,
  )
})

test('an upgrade asks for WebSocket and nothing else', () => {
  const head = build(['Host', 'a', 'Connection', 'Upgrade', 'Upgrade', 'WebSocket'], {
    connection: 'websocket',
  })
  assert.match(head, /Connection: Upgrade\r\nUpgrade: websocket\r\n/)
})
