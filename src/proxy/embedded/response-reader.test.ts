import assert from 'node:assert/strict'
import test from 'node:test'

import { ResponseReader, type ResponseHead } from './response-reader.ts'

interface Seen {
  heads: ResponseHead[]
  body: string
  ended: number
  broken: number
}

/** Reads bytes in pieces of `step` and tells what came out. */
function read(
  text: string,
  options: { method?: string; step?: number; closed?: 'ended' | 'torn' } = {},
) {
  const { method = 'GET', step = text.length, closed } = options
  const seen: Seen = { heads: [], body: '', ended: 0, broken: 0 }
  const reader = new ResponseReader()
  reader.expect(method, {
    head: (head) => void seen.heads.push(head),
    body: (chunk) => {
      seen.body += chunk.toString()
    },
    end: () => {
      seen.ended += 1
    },
    broken: () => {
      seen.broken += 1
    },
  })
  const bytes = Buffer.from(text, 'latin1')
  for (let at = 0; at < bytes.length; at += step) reader.push(bytes.subarray(at, at + step))
  if (closed !== undefined) reader.closed(closed)
  return { ...seen, reader }
}

const chunked =
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: 1\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: 1\r\n\r\n'
const sized = 'HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nhello'

for (const [title, text, body] of [
  ['chunked', chunked, 'abcde'],
  ['sized', sized, 'hello'],
] as const) {
  test(`a ${title} answer is the same however its bytes are cut`, () => {
    for (let step = 1; step <= text.length; step++) {
      const seen = read(text, { step })
      assert.equal(seen.body, body, `step ${step}`)
      assert.equal(seen.ended, 1)
      assert.equal(seen.broken, 0)
      assert.ok(seen.reader.isReusable())
    }
  })
}

test('hop-by-hop fields are left out, others keep their order and repetition', () => {
  const { heads } = read(
    'HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nset-cookie: b=2\r\nContent-Length: 0\r\n\r\n',
  )
  assert.deepEqual(heads[0]?.headers, [
    'Set-Cookie',
    'a=1',
    'set-cookie',
    'b=2',
    'Content-Length',
    '0',
  ])
})

test('interim answers are passed over', () => {
  const seen = read(
    `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${sized}`,
  )
  assert.equal(seen.heads.length, 1)
  assert.equal(seen.body, 'hello')
})

test('an answer to HEAD, a 204 and a 304 have no body whatever they announce', () => {
  assert.equal(read(sized.replace('hello', ''), { method: 'HEAD' }).ended, 1)
  assert.equal(read('HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n').ended, 1)
  const head = read('HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n')
  assert.equal(head.ended, 1)
  assert.ok(head.reader.isReusable())
})

test('an answer without a length ends with its connection, and is broken when that is torn', () => {
  const text = 'HTTP/1.1 200 OK\r\n\r\nuntil the end'
  const whole = read(text, { closed: 'ended' })
  assert.equal(whole.ended, 1)
  assert.equal(whole.body, 'until the end')
  assert.ok(!whole.reader.isReusable())
  assert.equal(read(text, { closed: 'torn' }).broken, 1)
})

test('an answer that is cut is broken, not ended', () => {
  for (const text of [sized, chunked]) {
    for (let length = 1; length < text.length; length++) {
      const seen = read(text.slice(0, length), { closed: 'ended' })
      assert.equal(seen.ended, 0, `${length} bytes`)
      assert.equal(seen.broken, 1, `${length} bytes`)
    }
  }
})

const malformed: Record<string, string> = {
  'no HTTP': 'SSH-2.0-OpenSSH_9.2\r\n\r\n',
  'HTTP/2': 'HTTP/2 200\r\n\r\n',
  'two lengths': 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello',
  'length and chunks': 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n',
  'a negative length': 'HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n',
  'an unknown coding': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n',
  'a field without a colon': 'HTTP/1.1 200 OK\r\nhello\r\n\r\n',
  'a bad chunk size': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n',
  'a chunk that is too long': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n',
  'a head without an end': `HTTP/1.1 200 OK\r\nX: ${'a'.repeat(70_000)}`,
}
for (const [title, text] of Object.entries(malformed)) {
  test(`an answer with ${title} is broken`, () => {
    const seen = read(text)
    assert.equal(seen.broken, 1)
    assert.ok(!seen.reader.isReusable())
  })
}

test('bytes after an answer make the connection unfit for another request', () => {
  assert.ok(!read(`${sized}HTTP/1.1 200 OK\r\n\r\n`).reader.isReusable())
})

test('a connection is not used again when either side asked to close', () => {
  assert.ok(!read(sized.replace('keep-alive', 'close')).reader.isReusable())
  assert.ok(!read(sized.replace('HTTP/1.1', 'HTTP/1.0')).reader.isReusable())
})
