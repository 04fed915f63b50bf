import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { inspect } from 'node:util'

import { temporaryFolder } from '../../../test/support/temp-folder.ts'
import { toolOrSkip } from '../../../test/support/tools.ts'
import { AppError } from '../../errors/index.ts'
import { run, runOrFail, Secret } from '../../system/index.ts'
import { formatPublicKey, parsePublicKey, publicKeyLine, readPublicKeyFile } from './public-key.ts'
import { isMadeBy, parseSignatures, signContent } from './signature-file.ts'
import { makeSigningKey, readSigningKey } from './signing-key.ts'
import { smallBlake2b } from './small-blake2b.ts'

// Keys and signatures are exchanged with Debian's minisign and signify in both directions.

const content = Buffer.from('a release statement\n')
const about = 'sluice release app:shop sequence:1 version:1.0'

test('minisign verifies what we sign, with the trusted comment', async (t) => {
  const bench = await openBench(t)
  if (bench === undefined) return
  const { key } = await makeSigningKey(randomBytes)
  bench.write('key.pub', formatPublicKey(key.public))
  bench.write('file.minisig', signContent(key, content, about))
  assert.equal(await bench.minisign('-VQm', 'file', '-p', 'key.pub'), `${about}\n`)
  assert.equal(await bench.minisign('-VQm', 'file', '-P', publicKeyLine(key.public)), `${about}\n`)
  bench.write('file', 'another content')
  const { status } = await bench.attempt('-Vm', 'file', '-p', 'key.pub')
  assert.notEqual(status, 0)
})

test('minisign takes the first of several signatures in a file', async (t) => {
  const bench = await openBench(t)
  if (bench === undefined) return
  const [first, second] = [await makeSigningKey(randomBytes), await makeSigningKey(randomBytes)]
  const signatures = [first, second].map(({ key }) => signContent(key, content, about))
  bench.write('file.minisig', signatures.join(''))
  await bench.minisign('-Vm', 'file', '-P', publicKeyLine(first.key.public))
})

test('minisign signs with our keys, plain and encrypted', async (t) => {
  const bench = await openBench(t)
  if (bench === undefined) return
  for (const password of [undefined, 'correct horse']) {
    const secret = password === undefined ? undefined : new Secret(password)
    const { key, file } = await makeSigningKey(randomBytes, secret)
    bench.write('our.key', file)
    const without = password === undefined ? ['-W'] : []
    await bench.answer(`${password ?? ''}\n`, [
      '-Sm',
      'file',
      '-s',
      'our.key',
      '-t',
      about,
      ...without,
    ])
    const [signature] = parseSignatures(bench.read('file.minisig'))
    assert.ok(signature !== undefined && isMadeBy(key.public, signature, content))
  }
})

test('we verify what minisign signs, prehashed and legacy', async (t) => {
  const bench = await openBench(t)
  if (bench === undefined) return
  await bench.minisign('-GW', '-p', 'their.pub', '-s', 'their.key')
  const key = readPublicKeyFile(join(bench.folder, 'their.pub'))
  for (const kind of ['prehashed', 'legacy'] as const) {
    const options = kind === 'legacy' ? ['-l'] : []
    await bench.minisign('-SWm', 'file', '-s', 'their.key', '-t', about, ...options)
    const [signature, ...others] = parseSignatures(bench.read('file.minisig'))
    assert.ok(signature !== undefined && others.length === 0)
    assert.deepEqual([signature.kind, signature.trustedComment], [kind, about])
    assert.equal(isMadeBy(key, signature, content), true)
    assert.equal(isMadeBy(key, signature, Buffer.from('other')), false)
  }
})

test('we verify a signature of minisign with the comment that it makes itself', async (t) => {
  const bench = await openBench(t)
  if (bench === undefined) return
  await bench.minisign('-GW', '-p', 'their.pub', '-s', 'their.key')
  await bench.minisign('-SWm', 'file', '-s', 'their.key')
  const [signature] = parseSignatures(bench.read('file.minisig'))
  assert.match(signature?.trustedComment ?? '', /^timestamp:\d+\tfile:file\thashed$/)
})

test('we sign with the keys of minisign, plain and encrypted, and tell a wrong password', async (t) => {
  const bench = await openBench(t)
  if (bench === undefined) return
  await bench.minisign('-GW', '-p', 'plain.pub', '-s', 'plain.key')
  await bench.answer('hunter2\nhunter2\n', ['-G', '-p', 'sealed.pub', '-s', 'sealed.key'])
  for (const name of ['plain', 'sealed']) {
    const file = bench.read(`${name}.key`)
    const key = await readSigningKey(file, { password: new Secret('hunter2') })
    assert.deepEqual(key.public, readPublicKeyFile(join(bench.folder, `${name}.pub`)))
    bench.write('file.minisig', signContent(key, content, about))
    await bench.minisign('-Vm', 'file', '-p', `${name}.pub`)
  }
  const sealed = bench.read('sealed.key')
  await assert.rejects(readSigningKey(sealed, {}), { code: 'key-password' })
  const wrong = { password: new Secret('hunter3'), name: 'sealed.key' }
  await assert.rejects(readSigningKey(sealed, wrong), (error: unknown) => {
    assert.ok(error instanceof AppError)
    assert.equal(error.message, 'the password of sealed.key is wrong')
    assert.doesNotMatch(inspect(error), /hunter/)
    return true
  })
})

test('public keys of signify are read, its signatures without a comment are refused', async (t) => {
  const signify = await toolOrSkip(t, 'signify-openbsd')
  if (signify === undefined) return
  const folder = temporaryFolder(t)
  const at = { cwd: folder, timeout: 30_000 }
  writeFileSync(join(folder, 'file'), content)
  await runOrFail([signify, '-Gn', '-p', 'key.pub', '-s', 'key.sec'], at)
  await runOrFail([signify, '-S', '-s', 'key.sec', '-m', 'file', '-x', 'file.sig'], at)
  const { key, keyId } = readPublicKeyFile(join(folder, 'key.pub'))
  assert.throws(() => parseSignatures(readFileSync(join(folder, 'file.sig'))), {
    code: 'signature-malformed',
  })
  const line = readFileSync(join(folder, 'file.sig'), 'utf8').split('\n')[1] ?? ''
  const bytes = Buffer.from(line, 'base64')
  assert.equal(Buffer.from(bytes.subarray(2, 10).toReversed()).toString('hex').toUpperCase(), keyId)
  assert.equal(key.length, 32)
})

test('a new key reads back, and its file shows in no error', async () => {
  const password = new Secret('pässword \u{1F511}')
  const { key, file } = await makeSigningKey(randomBytes, password)
  const read = await readSigningKey(Buffer.from(file), { password })
  assert.deepEqual(read.public, key.public)
  const plain = await makeSigningKey(randomBytes)
  const secret = plain.file.split('\n')[1] ?? ''
  const damaged: Readonly<Record<string, string>> = {
    'a byte of the secret': alterAt(plain.file, 70),
    'a byte of the public key': alterAt(plain.file, 100),
    'another algorithm': alterAt(plain.file, 0),
    'another derivation': alterAt(plain.file, 2),
    'another checksum': alterAt(plain.file, 4),
    'no comment': `${secret}\n`,
    'two keys': plain.file + plain.file,
    'Windows line ends': plain.file.replaceAll('\n', '\r\n'),
    short: `${plain.file.slice(0, -10)}\n`,
    empty: '',
    'costs of four gigabytes': withLimits(file, 2n ** 27n, 2n ** 32n),
    'work without end': withLimits(file, 2n ** 63n, 2n ** 30n),
  }
  for (const [what, text] of Object.entries(damaged)) {
    await assert.rejects(readSigningKey(Buffer.from(text), { password }), (error: unknown) => {
      assert.ok(error instanceof AppError, what)
      assert.equal(error.code, 'key-invalid', what)
      assert.ok(!inspect(error).includes(secret.slice(80, 120)))
      return true
    })
  }
})

test('public keys are read in one form only', async () => {
  const { key } = await makeSigningKey(randomBytes)
  const file = formatPublicKey(key.public)
  assert.deepEqual(parsePublicKey(file), key.public)
  assert.deepEqual(parsePublicKey(publicKeyLine(key.public)), key.public)
  const wrong = [
    '',
    `${file}\n`,
    file + file,
    file.replaceAll('\n', '\r\n'),
    file.replace('untrusted', 'trusted'),
    ` ${publicKeyLine(key.public)}`,
    publicKeyLine(key.public).slice(4),
    Buffer.concat([Buffer.from('ED'), Buffer.alloc(8), key.public.key]).toString('base64'),
    publicKeyLine({ keyId: key.public.keyId, key: Buffer.alloc(32) }),
  ]
  for (const text of wrong) assert.throws(() => parsePublicKey(text), { code: 'key-invalid' })
})

test('the small BLAKE2b gives the digests of others', () => {
  for (const length of [0, 1, 74, 127, 128]) {
    const message = Buffer.from(Array.from({ length }, (_, index) => (index * 37) % 256))
    const expected = createHash('blake2b512').update(message).digest('hex')
    assert.equal(smallBlake2b(message, 64).toString('hex'), expected)
  }
  assert.equal(
    smallBlake2b(Buffer.from('abc'), 32).toString('hex'),
    'bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319',
  )
})

interface Bench {
  readonly folder: string
  write(name: string, text: string): void
  read(name: string): Buffer
  minisign(...words: readonly string[]): Promise<string>
  attempt(...words: readonly string[]): ReturnType<typeof run>
  /** Runs minisign and types what it asks for. */
  answer(typed: string, words: readonly string[]): Promise<void>
}

async function openBench(t: TestContext): Promise<Bench | undefined> {
  const program = await toolOrSkip(t, 'minisign')
  if (program === undefined) return undefined
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'file'), content)
  const at = { cwd: folder, timeout: 60_000 }
  return {
    folder,
    write: (name, text) => writeFileSync(join(folder, name), text),
    read: (name) => readFileSync(join(folder, name)),
    minisign: (...words) => runOrFail([program, ...words], at),
    attempt: (...words) => run([program, ...words], at),
    answer: async (typed, words) =>
      void (await runOrFail([program, ...words], { ...at, input: typed })),
  }
}

/** The file of a key with one bit of its bytes altered. */
function alterAt(file: string, at: number): string {
  const [comment, line = ''] = file.split('\n')
  const bytes = Buffer.from(line, 'base64')
  bytes[at] = (bytes[at] ?? 0) ^ 1
  return `${comment}\n${bytes.toString('base64')}\n`
}

function withLimits(file: string, operations: bigint, memory: bigint): string {
  const [comment, line = ''] = file.split('\n')
  const bytes = Buffer.from(line, 'base64')
  bytes.writeBigUInt64LE(operations, 38)
  bytes.writeBigUInt64LE(memory, 46)
  return `${comment}\n${bytes.toString('base64')}\n`
}
