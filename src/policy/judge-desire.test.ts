import assert from 'node:assert/strict'
import test from 'node:test'

import { both, good, one, said, stranger, three, two } from '../../test/support/signature-cases.ts'
import { AppError } from '../errors/index.ts'
import type { AppDesire } from '../protocol/index.ts'
import { signRelease, type SignedStatement } from '../trust/index.ts'
import { judgeDesire, type DesireFacts } from './judge-desire.ts'
import { judgeScript } from './judge-script.ts'
import type { Policy } from './policy-file.ts'

const facts: DesireFacts = {
  file: '/etc/sluice/policy.yaml',
  lowestSequence: undefined,
  user: undefined,
  sluice: '0.1.0',
  now: Date.parse('2026-11-20T12:00:00Z'),
}

const signing: Policy['signing'] = {
  mode: 'require',
  keys: [one.public],
  threshold: 1,
  revoked: [],
}

const policy: Policy = {
  file: facts.file,
  signing,
  apps: { shop: {} },
  scripts: { build: { file: '/etc/sluice/build.yaml' } },
  origins: [],
}

type Wish = Pick<AppDesire, 'app' | 'release' | 'endpoints'>

function signedBy({ statement, signature }: SignedStatement): AppDesire['release']['signed'] {
  return { statement: statement.toString('utf8'), signatures: signature.toString('utf8') }
}

const release: AppDesire['release'] = {
  name: 'shop',
  version: '1.4.2',
  digest: said.archive.sha256,
  size: said.archive.size,
  file: 'shop-1.4.2.tar.gz',
  signed: signedBy(good),
}
const { signed: _without, ...unsigned } = release

interface Case {
  readonly policy?: Partial<Policy> | 'none'
  readonly wish?: Partial<Wish>
  readonly facts?: Partial<DesireFacts>
}

async function judge({ policy: changes = {}, wish, facts: more }: Case) {
  const whole = changes === 'none' ? undefined : { ...policy, ...changes }
  return await judgeDesire(whole, { app: 'shop', release, ...wish }, { ...facts, ...more })
}

const elsewhere = await signRelease(one, { ...said, app: 'blog' })
const otherVersion = await signRelease(one, { ...said, version: '1.4.3' })
const expired = await signRelease(one, { ...said, expires: '2026-11-20T11:30:00Z' })
const farAhead = await signRelease(one, { ...said, sequence: 2_000_000 })
const tooNew = await signRelease(one, { ...said, minSluice: '9.0.0' })
const foreign = await signRelease(stranger, said)

const mustRefuse: readonly (readonly [string, string, Case])[] = [
  ['there is no policy', 'policy-refused', { policy: 'none' }],
  ['the policy is empty', 'policy-refused', { policy: { apps: {} } }],
  ['the app is not named', 'policy-refused', { policy: { apps: { blog: {} } } }],
  [
    'only a prefix of the app is named',
    'policy-refused',
    { policy: { apps: { sho: {}, 'shop-2': {} } } },
  ],
  [
    'the name is one that every object has',
    'policy-refused',
    { wish: { app: 'constructor', release: { ...release, name: 'constructor' } } },
  ],
  [
    'the release is of another app',
    'policy-refused',
    { wish: { release: { ...release, name: 'blog' } } },
  ],
  [
    'the release is of another allowed app',
    'policy-refused',
    { policy: { apps: { '*': {} } }, wish: { release: { ...release, name: 'blog' } } },
  ],
  [
    'it must run as a user that sluice.yaml does not name',
    'policy-refused',
    { policy: { apps: { shop: { user: 'shop' } } } },
  ],
  [
    'it must run as another user',
    'policy-refused',
    { policy: { apps: { shop: { user: 'shop' } } }, facts: { user: 'root' } },
  ],
  [
    'an endpoint is not its own',
    'policy-refused',
    {
      policy: { apps: { shop: { endpoints: ['main'] } } },
      wish: { endpoints: ['main', 'admin'] },
    },
  ],
  [
    'no endpoint at all is its own',
    'policy-refused',
    { policy: { apps: { shop: { endpoints: [] } } }, wish: { endpoints: ['main'] } },
  ],
  ['it came without a signature', 'signature-missing', { wish: { release: unsigned } }],
  [
    'nobody who is trusted signed it',
    'signature-unknown-key',
    { wish: { release: { ...release, signed: signedBy(foreign) } } },
  ],
  [
    'too few have signed it',
    'signature-threshold',
    { policy: { signing: { ...signing, keys: [one.public, two.public], threshold: 2 } } },
  ],
  [
    'one of its two signers is revoked',
    'signature-revoked-key',
    {
      policy: {
        signing: {
          ...signing,
          keys: [one.public, two.public, three.public],
          threshold: 2,
          revoked: [two.public.keyId],
        },
      },
      wish: { release: { ...release, signed: signedBy(both) } },
    },
  ],
  [
    'the statement is about another app',
    'signature-app',
    { wish: { release: { ...release, signed: signedBy(elsewhere) } } },
  ],
  [
    'the statement is about another version',
    'signature-statement',
    { wish: { release: { ...release, signed: signedBy(otherVersion) } } },
  ],
  [
    'the statement has expired',
    'signature-expired',
    { wish: { release: { ...release, signed: signedBy(expired) } } },
  ],
  [
    'the archive is another than was signed',
    'signature-archive',
    { wish: { release: { ...release, digest: 'cd'.repeat(32) } } },
  ],
  [
    'the archive has another size',
    'signature-archive',
    { wish: { release: { ...release, size: release.size + 1 } } },
  ],
  [
    'a higher sequence was committed here',
    'signature-sequence-low',
    { facts: { lowestSequence: 101 } },
  ],
  [
    'the policy asks for a higher sequence',
    'signature-sequence-low',
    { policy: { apps: { shop: { lowestSequence: 101 } } } },
  ],
  [
    'its sequence jumps',
    'signature-sequence-jump',
    {
      facts: { lowestSequence: 100 },
      wish: { release: { ...release, signed: signedBy(farAhead) } },
    },
  ],
  [
    'it needs a newer sluice',
    'signature-sluice',
    { wish: { release: { ...release, signed: signedBy(tooNew) } } },
  ],
  [
    'a letter of the statement was changed',
    'signature-wrong',
    {
      wish: {
        release: {
          ...release,
          signed: {
            statement: good.statement.toString('utf8').replace('100', '101'),
            signatures: good.signature.toString('utf8'),
          },
        },
      },
    },
  ],
  [
    'the signature is no signature',
    'signature-malformed',
    { wish: { release: { ...release, signed: { statement: '{}', signatures: 'x' } } } },
  ],
]

for (const [name, code, attempt] of mustRefuse) {
  test(`refuses what a server wants when ${name}`, async () => {
    await assert.rejects(judge(attempt), (error: unknown) => {
      assert.ok(error instanceof AppError, String(error))
      assert.equal(error.code, code, error.message)
      assert.equal(error.kind, 'refused')
      return true
    })
  })
}

test('a signed release of a named app is allowed, with the sequence that was proved', async () => {
  const approval = await judge({ wish: { endpoints: ['main'] } })
  assert.deepEqual(approval, { endpoints: ['main'], sequence: 100, warning: undefined })
})

test('a star allows every app, and a name of its own goes before it', async () => {
  const blog = { app: 'blog', release: { ...unsigned, name: 'blog' } }
  const off = { ...signing, mode: 'off' as const }
  const apps = { '*': {}, blog: { endpoints: ['news'] } }
  assert.deepEqual((await judge({ policy: { apps, signing: off }, wish: blog })).endpoints, [
    'news',
  ])
  assert.equal((await judge({ policy: { apps } })).endpoints, undefined)
})

test('the sequence that the policy names takes the place of the remembered one', async () => {
  const apps = { shop: { lowestSequence: 100 } }
  const { sequence } = await judge({ policy: { apps }, facts: { lowestSequence: 5000 } })
  assert.equal(sequence, 100)
})

test('in mode warn what is not proved is allowed and said, and proves no sequence', async () => {
  const warn = { ...signing, mode: 'warn' as const }
  const { sequence, warning } = await judge({
    policy: { signing: warn },
    wish: { release: unsigned },
  })
  assert.equal(sequence, undefined)
  assert.match(String(warning), /not proved: shop 1\.4\.2 came without a signature/)
  const proved = await judge({ policy: { signing: warn } })
  assert.deepEqual([proved.sequence, proved.warning], [100, undefined])
})

test('mode off is said with every release', async () => {
  const { warning } = await judge({ policy: { signing: { ...signing, mode: 'off' } } })
  assert.match(String(warning), /signing\.mode is off/)
})

test('only a script that the policy names is run, and never by what the server says of it', () => {
  assert.deepEqual(judgeScript(policy, { script: 'build' }, facts.file), {
    file: '/etc/sluice/build.yaml',
  })
  for (const script of ['reboot', 'constructor', 'toString', '__proto__']) {
    assert.throws(() => judgeScript(policy, { script }, facts.file), { code: 'policy-refused' })
  }
  assert.throws(() => judgeScript(undefined, { script: 'build' }, facts.file), {
    code: 'policy-refused',
    message: /there is no \/etc\/sluice\/policy\.yaml/,
  })
})
