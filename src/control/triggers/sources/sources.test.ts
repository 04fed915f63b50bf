import assert from 'node:assert/strict'
import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
} from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import { temporaryFolder } from '../../../../test/support/temp-folder.ts'
import type { TriggerDefinition } from '../../settings/server-settings.ts'
import type { HookRequest } from './delivery.ts'
import { acceptGithub } from './github.ts'
import { acceptGitlab } from './gitlab.ts'
import { openHookDoor } from './hook-door.ts'
import { acceptStandard, readStandardKey } from './standard-webhooks.ts'

const secret = "It's a Secret to Everybody"
const now = 1_795_190_000_000
const body = Buffer.from('{"ref":"refs/heads/main","zen":"é"}')
const rules = { secrets: [secret], events: ['push'] }

function request(headers: Readonly<Record<string, string>>, bytes: Buffer = body): HookRequest {
  return { headers: new Map(Object.entries(headers)), body: bytes, now }
}

function githubSum(bytes: Buffer, key = secret): string {
  return `sha256=${createHmac('sha256', key).update(bytes).digest('hex')}`
}

test("GitHub's own example is accepted", () => {
  const bytes = Buffer.from('Hello, World!')
  const known = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17'
  const headers = { 'x-hub-signature-256': known, 'x-github-event': 'push' }
  assert.equal(acceptGithub(request(headers, bytes), rules).ignored, undefined)
})

test('a delivery that comes again has the same key, and one with another body another', () => {
  const accept = (bytes: Buffer, id: string) => {
    const headers = { 'x-hub-signature-256': githubSum(bytes), 'x-github-delivery': id }
    return acceptGithub(request({ ...headers, 'x-github-event': 'push' }, bytes), rules).key
  }
  // Its id is not signed, so whoever replays a delivery may change it.
  assert.equal(accept(body, 'one'), accept(body, 'two'))
  assert.notEqual(accept(body, 'one'), accept(Buffer.from('{}'), 'one'))
})

test('events and branches that are not asked for are acknowledged and ignored', () => {
  const accept = (event: string, bytes: Buffer = body, refs?: readonly string[]) => {
    const headers = { 'x-hub-signature-256': githubSum(bytes), 'x-github-event': event }
    return acceptGithub(request(headers, bytes), { ...rules, refs }).ignored
  }
  assert.equal(accept('push'), undefined)
  assert.equal(accept('ping'), 'event')
  assert.equal(accept('push', body, ['refs/heads/main']), undefined)
  assert.equal(accept('push', body, ['refs/heads/other']), 'ref')
  for (const text of ['{', '[]', 'null', '{"ref":1}', 'payload=%7B%7D'])
    assert.equal(accept('push', Buffer.from(text), ['refs/heads/main']), 'ref', text)
})

const good = githubSum(body)
const badGithub: readonly (readonly [what: string, header: string | undefined])[] = [
  ['no signature', undefined],
  ['an empty one', ''],
  ['the old algorithm', `sha1=${createHmac('sha1', secret).update(body).digest('hex')}`],
  ['its prefix alone', 'sha256='],
  ['no prefix', good.slice(7)],
  ['upper case', good.toUpperCase()],
  ['upper-case digits', `sha256=${good.slice(7).toUpperCase()}`],
  ['a digit too few', good.slice(0, -1)],
  ['a digit too many', `${good}0`],
  ['two signatures', `${good}, ${good}`],
  ['a space before', ` ${good}`],
  ['of another secret', githubSum(body, 'another secret of some length')],
  [
    'of the body written anew',
    githubSum(Buffer.from(JSON.stringify(JSON.parse(String(body))) + '\n')),
  ],
  ['of an empty secret', githubSum(body, '')],
  ['zeros', `sha256=${'0'.repeat(64)}`],
  ['the secret itself', secret],
]

for (const [what, header] of badGithub) {
  test(`a GitHub signature that is ${what} is refused`, () => {
    const headers = header === undefined ? {} : { 'x-hub-signature-256': header }
    const refused = { code: 'hook-refused', message: 'the webhook was not accepted' }
    assert.throws(
      () => acceptGithub(request({ ...headers, 'x-github-event': 'push' }), rules),
      refused,
    )
  })
}

test("GitLab's token is compared as a whole, and its id tells repeats", () => {
  const accept = (headers: Readonly<Record<string, string>>) =>
    acceptGitlab(request(headers), { secrets: ['old secret of gitlab', secret] })
  const one = accept({ 'x-gitlab-token': secret, 'x-gitlab-event-uuid': 'u1' })
  assert.equal(one.key, 'gitlab:u1')
  const both = { 'x-gitlab-token': secret, 'x-gitlab-event-uuid': 'u', 'idempotency-key': 'i' }
  assert.equal(accept(both).key, 'gitlab:i')
  assert.equal(accept({ 'x-gitlab-token': 'old secret of gitlab' }).key, `gitlab:${one.digest}`)
  for (const token of [
    '',
    secret.slice(1),
    `${secret} `,
    secret.toUpperCase(),
    `${secret},${secret}`,
  ])
    assert.throws(() => accept({ 'x-gitlab-token': token }), { code: 'hook-refused' })
  assert.throws(() => accept({}), { code: 'hook-refused' })
  const strange = { 'x-gitlab-token': secret, 'idempotency-key': 'x'.repeat(129) }
  assert.throws(() => accept(strange), { code: 'hook-refused' })
})

const whsec = `whsec_${Buffer.alloc(24, 7).toString('base64')}`
const keys = [readStandardKey(whsec, 'f')]
const seconds = now / 1000

function standard(
  change: { id?: string; time?: string; signature?: string; signedId?: string } = {},
): Readonly<Record<string, string>> {
  const { id = 'msg_1', time = String(seconds), signedId = id } = change
  const message = Buffer.concat([Buffer.from(`${signedId}.${time}.`), body])
  const sum = createHmac('sha256', Buffer.alloc(24, 7)).update(message).digest('base64')
  const { signature = `v1,${sum}` } = change
  return {
    'webhook-id': id,
    'webhook-timestamp': time,
    'webhook-signature': signature.replace('SUM', `v1,${sum}`).replace('BARE', sum),
  }
}

test("Standard Webhooks' own example is accepted, at its time", () => {
  const key = readStandardKey('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'f')
  const headers = {
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  }
  const example = { ...request(headers, Buffer.from('{"test": 2432232314}')), now: 1614265330_000 }
  assert.equal(acceptStandard(example, { keys: [key] }).key, `webhook:${headers['webhook-id']}`)
})

const goodStandard: readonly (readonly [
  what: string,
  headers: Readonly<Record<string, string>>,
])[] = [
  ['one signature', standard()],
  ['five minutes ago', standard({ time: String(seconds - 300) })],
  ['in five minutes', standard({ time: String(seconds + 300) })],
  ['beside one of an old secret', standard({ signature: 'v1,AAAA SUM' })],
  ['beside one of an unknown kind', standard({ signature: 'v9,AAAA SUM' })],
]

for (const [what, headers] of goodStandard) {
  test(`a Standard Webhook with ${what} is accepted`, () => {
    assert.equal(acceptStandard(request(headers), { keys }).key, 'webhook:msg_1')
  })
}

const badStandard: readonly (readonly [what: string, headers: Readonly<Record<string, string>>])[] =
  [
    ['no headers', {}],
    ['no id', standard({ id: '' })],
    ['an id with a dot', standard({ id: 'msg.1' })],
    ['an id with a space', standard({ id: 'msg 1' })],
    ['an id of 201 letters', standard({ id: 'm'.repeat(201) })],
    ['the id of another message', standard({ signedId: 'msg_2' })],
    ['a time six minutes ago', standard({ time: String(seconds - 360) })],
    ['a time in six minutes', standard({ time: String(seconds + 360) })],
    ['time -1', standard({ time: '-1' })],
    ['time 2^53', standard({ time: '9007199254740992' })],
    ['time 1e9', standard({ time: '1e9' })],
    ['a time in milliseconds', standard({ time: String(now) })],
    ['a time with a fraction', standard({ time: `${seconds}.0` })],
    ['a time in hexadecimal', standard({ time: `0x${seconds.toString(16)}` })],
    ['an empty signature', standard({ signature: '' })],
    ['an empty v1', standard({ signature: 'v1,' })],
    ['no version', standard({ signature: 'BARE' })],
    ['another version', standard({ signature: 'v2,BARE' })],
    ['base64 that is cut', standard({ signature: 'v1,AAAA' })],
    ['a sum with more behind it', standard({ signature: 'SUM,x' })],
    ['a hundred signatures', standard({ signature: `${'v1,AAAA '.repeat(99)}SUM` })],
    ['a hundred after the good one', standard({ signature: `SUM ${'v1,AAAA '.repeat(99)}` })],
  ]

for (const [what, headers] of badStandard) {
  test(`a Standard Webhook with ${what} is refused`, () => {
    assert.throws(() => acceptStandard(request(headers), { keys }), { code: 'hook-refused' })
  })
}

test('a Standard Webhook may be signed by Ed25519, and no HMAC passes for that', () => {
  const { privateKey } = generateKeyPairSync('ed25519')
  const raw = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(12)
  const pair = [readStandardKey(`whpk_${raw.toString('base64')}`, 'f')]
  const message = Buffer.concat([Buffer.from(`msg_1.${seconds}.`), body])
  const pem = createPrivateKey(privateKey.export({ format: 'pem', type: 'pkcs8' }))
  const signature = `v1a,${sign(null, message, pem).toString('base64')}`
  assert.ok(acceptStandard(request(standard({ signature })), { keys: pair }))
  const forged = createHmac('sha256', raw).update(message).digest('base64')
  for (const bad of [signature.replace('v1a', 'v1'), `v1a,${forged}`, `v1,${forged}`]) {
    const headers = standard({ signature: bad })
    assert.throws(() => acceptStandard(request(headers), { keys: pair }), { code: 'hook-refused' })
  }
})

test('a secret that is short, empty, exposed or none of its kind keeps the server from starting', (t) => {
  const folder = temporaryFolder(t)
  const open = (text: string, mode = 0o600, kind = 'github') => {
    const file = join(folder, `${Math.random()}`)
    writeFileSync(file, text, { mode })
    const source = { kind, secretFiles: [file], events: ['push'] }
    return openHookDoor(new Map([['a', { sources: [source] } as unknown as TriggerDefinition]]))
  }
  open('0123456789abcdef\n')
  for (const text of ['', '\n', '0123456789abcde'])
    assert.throws(() => open(text), {
      code: text.trim() === '' ? 'key-password' : 'config-invalid',
    })
  assert.throws(() => open('0123456789abcdef', 0o644), { code: 'key-exposed' })
  for (const text of ['0123456789abcdef', 'whsec_AAAA', 'whpk_AAAAAAAAAAAAAAAAAAAAAA=='])
    assert.throws(() => open(text.padEnd(16), 0o600, 'standard-webhooks'), {
      code: 'config-invalid',
    })
})

test('a trigger that does not exist is refused as a wrong signature is', () => {
  const door = openHookDoor(new Map())
  const refused = { code: 'hook-refused', message: 'the webhook was not accepted' }
  assert.throws(() => door.accept('shop', request({ 'x-hub-signature-256': good })), refused)
})
