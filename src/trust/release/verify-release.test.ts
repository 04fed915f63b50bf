import assert from 'node:assert/strict'
import test from 'node:test'

import {
  attemptIt,
  both,
  good,
  k,
  mustFail,
  mustPass,
  one,
  said,
  stranger,
  three,
  two,
} from '../../../test/support/signature-cases.ts'
import { AppError } from '../../errors/index.ts'
import { cosignRelease, signRelease } from './sign-release.ts'

for (const [name, code, attempt] of mustFail) {
  test(`refuses a release when ${name}`, async () => {
    await assert.rejects(attemptIt(attempt), (error: unknown) => {
      assert.ok(error instanceof AppError, String(error))
      assert.equal(error.code, code, error.message)
      assert.equal(error.kind, 'refused')
      return true
    })
  })
}

for (const [name, attempt] of mustPass) {
  test(`takes a release when ${name}`, async () => {
    const { statement, signedBy } = await attemptIt(attempt)
    assert.equal(statement.app, 'shop')
    assert.ok(signedBy.length >= (attempt.policy?.threshold ?? 1))
  })
}

test('the answer names who signed, without strangers and revoked keys', async () => {
  const all = await cosignRelease(stranger, await cosignRelease(three, both))
  const asked = { ...k(1, three, two, one), revoked: [two.public.keyId] }
  const { signedBy, statement } = await attemptIt({ signed: all, policy: asked })
  assert.deepEqual(signedBy, [one.public.keyId, three.public.keyId])
  assert.deepEqual(statement, said)
})

test('every altered bit of either file is refused, but in the untrusted comment and of a stranger', async () => {
  const start = good.signature.indexOf('\n')
  for (let at = 0; at < good.statement.length; at++) {
    const statement = Buffer.from(good.statement)
    statement[at] = (statement[at] ?? 0) ^ (1 << (at % 8))
    await assert.rejects(attemptIt({ statement }), AppError)
  }
  for (let at = start; at < good.signature.length - 1; at++) {
    const signature = Buffer.from(good.signature)
    signature[at] = (signature[at] ?? 0) ^ (1 << (at % 7))
    await assert.rejects(attemptIt({ signature }), AppError, `byte ${at}`)
  }
})

test('a key does not sign a statement twice, and nobody signs what would be refused', async () => {
  await assert.rejects(cosignRelease(one, both), { code: 'signature-exists' })
  const broken = { ...said, app: 'No App' }
  await assert.rejects(signRelease(one, broken), { code: 'signature-statement' })
  await assert.rejects(cosignRelease(three, { ...good, signature: Buffer.from('x') }), {
    code: 'signature-malformed',
  })
})
