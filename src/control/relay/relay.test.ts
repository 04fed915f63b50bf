import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { afterwards } from '../../../test/support/afterwards.ts'
import { temporaryFolder } from '../../../test/support/temp-folder.ts'
import { childEnvironment, systemClock, type Clock } from '../../system/index.ts'
import type { CacheLimits } from './cache-entries.ts'
import type { CachedFile } from './file-cache.ts'
import { openRelay, type Relay } from './relay.ts'
import { noWall } from './wall.ts'

type Answer = (request: IncomingMessage, response: ServerResponse, number: number) => void

interface Rig {
  readonly relay: Relay
  readonly directory: string
  readonly url: string
  readonly asked: IncomingMessage[]
  readonly clock: { offset: number }
  readonly limits: { free: number }
  answer: Answer
}

async function rig(t: TestContext, more: Partial<CacheLimits> = {}): Promise<Rig> {
  const limits = { bytes: 1e9, fileBytes: 1e9, age: 1e9, free: 0, ...more }
  const directory = join(temporaryFolder(t), 'cache')
  const time = { offset: 0 }
  const clock: Clock = { ...systemClock, now: () => Date.now() + time.offset }
  const asked: IncomingMessage[] = []
  const server = createServer((request, response) => {
    asked.push(request)
    made.answer(request, response, asked.length)
  })
  await new Promise<void>((ready) => void server.listen(0, '127.0.0.1', ready))
  const relay = openRelay({
    directory,
    limits,
    wall: noWall,
    clock,
    policy: { idle: 500, deadline: 10_000, attempts: 3, delay: 1 },
  })
  afterwards(t, async () => {
    server.closeAllConnections()
    server.close()
    await relay.close()
  })
  const { port } = server.address() as AddressInfo
  const made: Rig = {
    relay,
    directory,
    url: `http://127.0.0.1:${port}/f`,
    asked,
    clock: time,
    limits,
    answer: (_, response) => void response.end('content'),
  }
  return made
}

async function read(file: CachedFile | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined
  const parts: Buffer[] = []
  for await (const part of file.read(0, file.size - 1)) parts.push(part as Buffer)
  file.release()
  return Buffer.concat(parts).toString('latin1')
}

function files(directory: string): string[] {
  return readdirSync(directory)
}

test('what was fetched is there under its key, byte for byte', async (t) => {
  const made = await rig(t)
  const content = randomBytes(6 * 1024 * 1024)
  made.answer = (_, response) => void response.end(content)
  assert.equal(made.relay.open('k'), undefined)
  await made.relay.fetchUrl('k', made.url)
  const got = (await read(made.relay.open('k'))) ?? ''
  const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
  assert.equal(digest(Buffer.from(got, 'latin1')), digest(content))
})

test('fetched again, only the new file is left', async (t) => {
  const made = await rig(t)
  made.answer = (_, response, number) => void response.end(`content ${number}`)
  await made.relay.fetchUrl('k', made.url)
  await made.relay.fetchUrl('k', made.url)
  assert.equal(await read(made.relay.open('k')), 'content 2')
  assert.equal(files(made.directory).length, 1)
})

test('a file that is being read is replaced, read to its end, and then removed', async (t) => {
  const made = await rig(t)
  made.answer = (_, response, number) => void response.end(`content ${number}`)
  await made.relay.fetchUrl('k', made.url)
  const old = made.relay.open('k')
  await made.relay.fetchUrl('k', made.url)
  assert.equal(files(made.directory).length, 2)
  assert.equal(await read(old), 'content 1')
  assert.equal(files(made.directory).length, 1)
  assert.equal(made.relay.usage().bytes, 9)
})

const failures: readonly (readonly [string, Answer, string])[] = [
  ['500', (_, response) => void response.writeHead(500).end('page'), 'download-failed'],
  ['404', (_, response) => void response.writeHead(404).end('page'), 'download-failed'],
  [
    'a range nobody asked for',
    (_, response) => void response.writeHead(206).end('x'),
    'download-failed',
  ],
  ['silence', () => undefined, 'download-failed'],
  ['a broken connection', (request) => void request.socket.destroy(), 'download-failed'],
  ['a short body', (_, response) => cutShort(response), 'download-cut'],
  [
    'a body that stops',
    (_, response) => void response.writeHead(200, { 'content-length': 9 }).write('x'),
    'download-cut',
  ],
]

function cutShort(response: ServerResponse): void {
  response.writeHead(200, { 'content-length': 9 })
  response.write('x', () => response.destroy())
}

for (const [what, answer, code] of failures) {
  test(`after ${what} the older copy stays and nothing is left over`, async (t) => {
    const made = await rig(t)
    await made.relay.fetchUrl('k', made.url)
    made.answer = answer
    await assert.rejects(made.relay.fetchUrl('k', made.url), { code })
    assert.equal(await read(made.relay.open('k')), 'content')
    assert.equal(files(made.directory).length, 1)
    assert.deepEqual(made.relay.usage(), { files: 1, bytes: 7, evicted: 0 })
  })
}

test('an answer that broke off is gone on with where it ended', async (t) => {
  const made = await rig(t)
  made.answer = (request, response, number) => {
    if (number === 1) {
      response.writeHead(200, { 'content-length': 10, etag: '"v1"' })
      return void response.write('01234', () => setTimeout(() => response.destroy(), 50))
    }
    const range = { 'content-range': 'bytes 5-9/10', 'content-length': 5 }
    response.writeHead(206, range).end('56789')
    assert.deepEqual([request.headers.range, request.headers['if-range']], ['bytes=5-', '"v1"'])
  }
  await made.relay.fetchUrl('k', made.url)
  assert.equal(await read(made.relay.open('k')), '0123456789')
  assert.equal(made.relay.usage().bytes, 10)
})

test('an answer that broke off is begun again where the file has changed', async (t) => {
  const made = await rig(t)
  made.answer = (_, response, number) => {
    if (number > 1) return void response.writeHead(200, { etag: '"v2"' }).end('new')
    response.writeHead(200, { 'content-length': 10, etag: '"v1"' })
    response.write('01234', () => setTimeout(() => response.destroy(), 50))
  }
  await made.relay.fetchUrl('k', made.url)
  assert.equal(await read(made.relay.open('k')), 'new')
  assert.equal(made.relay.usage().bytes, 3)
})

test('what is announced as too large is not begun, and what turns out so is thrown away', async (t) => {
  const made = await rig(t, { fileBytes: 5, bytes: 100 })
  await assert.rejects(made.relay.fetchUrl('k', made.url), { code: 'file-too-large' })
  made.answer = (_, response) => {
    response.write('123')
    response.end('456')
  }
  await assert.rejects(made.relay.fetchUrl('k', made.url), { code: 'file-too-large' })
  assert.deepEqual(files(made.directory), [])
  assert.equal(made.relay.usage().bytes, 0)
})

test('the file that was unread for the longest time goes first when there is no room', async (t) => {
  const made = await rig(t, { bytes: 21 })
  for (const key of ['a', 'b', 'c']) await made.relay.fetchUrl(key, made.url)
  assert.equal(await read(made.relay.open('a')), 'content')
  await made.relay.fetchUrl('d', made.url)
  const present = ['a', 'b', 'c', 'd'].filter((key) => {
    const file = made.relay.open(key)
    file?.release()
    return file !== undefined
  })
  assert.deepEqual(present, ['a', 'c', 'd'])
  assert.deepEqual(made.relay.usage(), { files: 3, bytes: 21, evicted: 1 })
})

test('a file that would leave too little of the disk is refused, and what is there stays', async (t) => {
  const made = await rig(t)
  await made.relay.fetchUrl('a', made.url)
  made.limits.free = Number.MAX_SAFE_INTEGER
  await assert.rejects(made.relay.fetchUrl('b', made.url), { code: 'disk-full' })
  assert.equal(await read(made.relay.open('a')), 'content')
})

test('what is being read makes no room', async (t) => {
  const made = await rig(t, { bytes: 10 })
  await made.relay.fetchUrl('a', made.url)
  const file = made.relay.open('a')
  await assert.rejects(made.relay.fetchUrl('b', made.url), { code: 'file-too-large' })
  assert.equal(await read(file), 'content')
  await made.relay.fetchUrl('b', made.url)
})

test('a file is forgotten at its age', async (t) => {
  const made = await rig(t, { age: 1000 })
  await made.relay.fetchUrl('k', made.url)
  made.clock.offset = 2000
  assert.equal(made.relay.open('k'), undefined)
  assert.deepEqual(files(made.directory), [])
})

test('a file that somebody removed is forgotten', async (t) => {
  const made = await rig(t)
  await made.relay.fetchUrl('k', made.url)
  const [name = ''] = files(made.directory)
  writeFileSync(join(made.directory, name), '')
  const { rmSync } = await import('node:fs')
  rmSync(join(made.directory, name))
  assert.equal(made.relay.open('k'), undefined)
  assert.deepEqual(made.relay.usage(), { files: 0, bytes: 0, evicted: 0 })
})

test('ten fetches of one key at once are two, and none gets what was begun before it asked', async (t) => {
  const made = await rig(t)
  let version = 1
  made.answer = (_, response) => {
    const sent = version
    setTimeout(() => response.end(`version ${sent}`), 50)
  }
  const first = made.relay.fetchUrl('k', made.url)
  while (made.asked.length === 0) await systemClock.sleep(1)
  version = 2
  await Promise.all([first, ...Array.from({ length: 9 }, () => made.relay.fetchUrl('k', made.url))])
  assert.equal(made.asked.length, 2)
  assert.equal(await read(made.relay.open('k')), 'version 2')
  await made.relay.fetchUrl('k', made.url)
  assert.equal(made.asked.length, 3)
})

test('compressed answers are kept as they came, and none is asked for', async (t) => {
  const made = await rig(t)
  made.answer = (_, response) =>
    void response.writeHead(200, { 'content-encoding': 'gzip' }).end('raw')
  await made.relay.fetchUrl('k', made.url)
  assert.equal(await read(made.relay.open('k')), 'raw')
  assert.equal(made.asked[0]?.headers['accept-encoding'], 'identity')
})

test('a user in the address is sent to that origin and to no other', async (t) => {
  const made = await rig(t)
  const other = await rig(t)
  made.answer = (_, response) => void response.writeHead(302, { location: other.url }).end()
  await made.relay.fetchUrl('k', made.url.replace('://', '://me:p%40ss@'))
  const basic = `Basic ${Buffer.from('me:p@ss').toString('base64')}`
  assert.equal(made.asked[0]?.headers.authorization, basic)
  assert.equal(other.asked[0]?.headers.authorization, undefined)
})

test('closing ends what is under way and removes the directory', async (t) => {
  const made = await rig(t)
  made.answer = () => undefined
  const work = made.relay.fetchUrl('k', made.url)
  while (made.asked.length === 0) await systemClock.sleep(1)
  await Promise.all([assert.rejects(work), made.relay.close()])
  assert.throws(() => files(made.directory), { code: 'ENOENT' })
})

function fakeAws(
  t: TestContext,
  script: string,
): {
  program: string
  env: Record<string, string>
  output: (text: string) => void
  said: string[]
} {
  const program = join(temporaryFolder(t), 'aws')
  writeFileSync(program, `#!/bin/sh\necho "$@" >> "${program}.calls"\n${script}\n`)
  chmodSync(program, 0o755)
  const said: string[] = []
  return { program, env: childEnvironment(), output: (text) => said.push(text), said }
}

test('an object of S3 is copied by the aws CLI with exactly its four words', async (t) => {
  const made = await rig(t)
  const aws = fakeAws(t, 'printf "from s3" > "$4"; echo copied')
  await made.relay.fetchS3('s3://b/k x', 's3://b/k x', aws)
  assert.equal(await read(made.relay.open('s3://b/k x')), 'from s3')
  const call = readFileSync(`${aws.program}.calls`, 'utf8')
  assert.match(call, new RegExp(`^s3 cp s3://b/k x ${made.directory}/incoming-\\d+/file\n$`))
  assert.deepEqual(aws.said, ['copied\n'])
  assert.equal(made.relay.usage().bytes, 7)
})

test('a CLI that fails, or copies nothing, or is missing is told apart', async (t) => {
  const made = await rig(t)
  const failing = fakeAws(t, 'echo why >&2; exit 1')
  await assert.rejects(made.relay.fetchS3('k', 's3://bkt/k', failing), {
    code: 'download-failed',
    output: 'why\n',
  })
  await assert.rejects(made.relay.fetchS3('k', 's3://bkt/k', fakeAws(t, '')), { code: 'io-failed' })
  const missing = { ...failing, program: '/no/such/aws' }
  await assert.rejects(made.relay.fetchS3('k', 's3://bkt/k', missing), { code: 'command-failed' })
  assert.deepEqual(files(made.directory), [])
})

for (const url of [
  '--help',
  '--endpoint-url=http://x',
  '/etc/passwd',
  's3://',
  's3://b',
  's3:///k',
  's3://-b/k',
  's3://b/',
  'S3://b/k',
  's3://b/k\n--x',
  's3://b\u0000/k',
  ' s3://b/k',
  'http://x/y',
]) {
  test(`the CLI is not started for ${JSON.stringify(url)}`, async (t) => {
    const made = await rig(t)
    const aws = fakeAws(t, '')
    await assert.rejects(made.relay.fetchS3('k', url, aws), { code: 'origin-refused' })
    assert.throws(() => readFileSync(`${aws.program}.calls`), { code: 'ENOENT' })
  })
}
