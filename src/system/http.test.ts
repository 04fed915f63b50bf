import assert from 'node:assert/strict'
import test from 'node:test'

import { assertMayFollow, networkError } from './http.ts'

const follow =
  (from: string, to: string): (() => void) =>
  () =>
    assertMayFollow(new URL(from), new URL(to))

test('a redirect may go up to https and stay, but never down', () => {
  assert.doesNotThrow(follow('http://a.example/', 'https://a.example/'))
  assert.doesNotThrow(follow('https://a.example/', 'https://b.example/'))
  assert.doesNotThrow(follow('http://a.example/', 'http://b.example/'))
  assert.throws(follow('https://a.example/', 'http://a.example/'), { code: 'download-failed' })
  assert.throws(follow('http://a.example/', 'file:///etc/passwd'), { code: 'download-failed' })
})

test('a certificate’s failure is not tried again and names the clock as a suspect', () => {
  const expired = Object.assign(new Error('certificate has expired'), { code: 'CERT_HAS_EXPIRED' })
  const error = networkError(new URL('https://user:hunter2@a.example/x?token=1'), expired)
  assert.equal(error.retryable, false)
  assert.match(error.hint ?? '', /clock/)
  assert.equal(error.message, 'https://a.example/x: certificate has expired')
})
