import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request as requestHttp } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { serverUnderTest } from '../../../test/support/control-server.ts'
import { joinAgent } from '../../../test/support/agent-under-test.ts'
import { publishSample } from '../../../test/support/publish-sample.ts'
import { spoken } from '../../../test/support/raw-requests.ts'
import { packSampleRelease } from '../../../test/support/sample-release.ts'
import { temporaryFolder } from '../../../test/support/temp-folder.ts'
import { waitUntil } from '../../../test/support/wait-until.ts'
import { digestFile } from '../../release/index.ts'

async function publishing(t: TestContext, settings = {}) {
  const under = await serverUnderTest(t, settings)
  const deployer = await under.token('deployer:shop/production')
  const put = async (digest: string, body: Buffer, more: { token?: string; app?: string } = {}) => {
    const { token = deployer, app = 'shop' } = more
    const answer = await fetch(`${under.server.url}/v1/releases/${digest}?app=${app}`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${token}` },
      body,
    })
    const value = (await answer.json()) as Record<string, unknown> & { error?: { code: string } }
    return { status: answer.status, body: value, code: value.error?.code }
  }
  const directory = join(under.folder, 'state/releases')
  const files = () => readdirSync(directory).filter((name) => name !== 'incoming')
  const uploads = () => readdirSync(join(directory, 'incoming'))
  return { ...under, deployer, put, directory, files, uploads }
}

async function sample(t: TestContext, version = '1.0.0', app = {}) {
  const archive = await packSampleRelease(temporaryFolder(t), { version, app })
  const content = readFileSync(archive)
  return { archive, content, digest: createHash('sha256').update(content).digest('hex') }
}

test('a release is published once, is a repeat after that, and is read as it was sent', async (t) => {
  const { put, ask, admin, server, files, uploads } = await publishing(t)
  const { content, digest } = await sample(t)
  const first = await put(digest, content)
  assert.equal(first.status, 201)
  const { name, version, size, file, isSigned, isRepeat } = first.body
  assert.deepEqual(
    { name, version, size, file, isSigned, isRepeat },
    {
      name: 'shop',
      version: '1.0.0',
      size: content.length,
      file: 'shop-1.0.0.tar.gz',
      isSigned: false,
      isRepeat: false,
    },
  )
  const again = await put(digest, content)
  assert.deepEqual([again.status, again.body['isRepeat']], [200, true])
  assert.deepEqual([files(), uploads()], [[digest], []])
  const headers = { authorization: `Bearer ${admin}` }
  const read = await fetch(`${server.url}/v1/releases/${digest}`, { headers })
  assert.deepEqual(Buffer.from(await read.arrayBuffer()), content)
  assert.equal(read.headers.get('etag'), `"sha256:${digest}"`)
  const listed = await ask(admin, 'GET', '/v1/releases?name=shop')
  assert.equal((listed.body['releases'] as object[]).length, 1)
  assert.deepEqual((await ask(admin, 'GET', '/v1/releases?name=blog')).body['releases'], [])
  const audited = await ask(admin, 'GET', '/v1/audit')
  assert.match(audited.text, new RegExp(`publish-release.*shop@1.0.0 sha256:${digest}`))
})

test('another archive under the same name and version is refused, and so is another app', async (t) => {
  const { put, files, uploads, admin } = await publishing(t)
  const [one, two] = [await sample(t), await sample(t, '1.0.0', { other: true })]
  assert.equal((await put(one.digest, one.content)).status, 201)
  const other = await put(two.digest, two.content)
  assert.deepEqual([other.status, other.code], [409, 'release-exists'])
  const foreign = await put(two.digest, two.content, { app: 'blog', token: admin })
  assert.deepEqual([foreign.status, foreign.code], [400, 'request-invalid'])
  assert.deepEqual([files(), uploads()], [[one.digest], []])
})

test('an archive that somebody removed by hand is missing, and comes back by publishing it again', async (t) => {
  const { put, ask, admin, directory } = await publishing(t)
  const { content, digest } = await sample(t)
  await put(digest, content)
  rmSync(join(directory, digest))
  assert.equal((await ask(admin, 'GET', `/v1/releases/${digest}`)).status, 404)
  assert.equal((await put(digest, content)).body['isRepeat'], true)
  assert.ok(existsSync(join(directory, digest)))
})

test('bytes that are not what was announced leave nothing', async (t) => {
  const { put, server, deployer, files, uploads } = await publishing(t)
  const { content, digest } = await sample(t)
  const refused = await put('a'.repeat(64), content)
  assert.deepEqual([refused.status, refused.code], [422, 'digest-mismatch'])
  const garbage = Buffer.from('no archive')
  const sum = createHash('sha256').update(garbage).digest('hex')
  assert.deepEqual((await put(sum, garbage)).code, 'archive-invalid')
  assert.equal((await put(digest, Buffer.alloc(0))).code, 'request-invalid')
  const head = [
    `PUT /v1/releases/${digest}?app=shop HTTP/1.1`,
    'Host: a',
    `Authorization: Bearer ${deployer}`,
    `Content-Length: ${content.length}`,
  ]
  await cutUpload(server.url, head, content.subarray(0, 100))
  await waitUntil(() => uploads().length === 0, 'the cut upload to go')
  assert.deepEqual(files(), [])
})

async function cutUpload(url: string, head: readonly string[], start: Buffer): Promise<void> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  await once(socket, 'connect')
  await new Promise((sent) => socket.write(`${head.join('\r\n')}\r\n\r\n`, sent))
  await new Promise((sent) => socket.write(start, sent))
  socket.destroy()
}

test('nothing of a body is read before its sender is known and allowed to send it', async (t) => {
  const { server, token, uploads } = await publishing(t)
  const viewer = await token('viewer')
  const foreign = await token('deployer:blog/production')
  const ask = (authorization: string, length: number) =>
    spoken(
      t,
      server.url,
      `PUT /v1/releases/${'a'.repeat(64)}?app=shop HTTP/1.1\r\nHost: a\r\n${authorization}Content-Length: ${length}\r\nExpect: 100-continue\r\n\r\n`,
    )
  // Each is answered although no byte of the body is ever sent, and none is asked for one.
  assert.match(await ask('', 1000), /^HTTP\/1\.1 401 /)
  assert.match(await ask(`Authorization: Bearer ${viewer}\r\n`, 1000), /^HTTP\/1\.1 403 /)
  assert.match(await ask(`Authorization: Bearer ${foreign}\r\n`, 1000), /^HTTP\/1\.1 404 /)
  const deployer = await token('deployer:shop/production')
  const tooLarge = await ask(`Authorization: Bearer ${deployer}\r\n`, 2 ** 42)
  assert.match(tooLarge, /^HTTP\/1\.1 (413|503) /)
  assert.deepEqual(uploads(), [])
})

test('a body that is wanted is asked for, and only then sent', async (t) => {
  const { server, deployer } = await publishing(t)
  const { content, digest } = await sample(t)
  const { status, asked } = await new Promise<{ status: number; asked: boolean }>(
    (resolve, reject) => {
      let wasAsked = false
      const request = requestHttp(`${server.url}/v1/releases/${digest}?app=shop`, {
        method: 'PUT',
        headers: {
          authorization: `Bearer ${deployer}`,
          'content-length': content.length,
          expect: '100-continue',
        },
      })
      request.on('continue', () => {
        wasAsked = true
        request.end(content)
      })
      request.on('response', (answer) => {
        answer.resume()
        resolve({ status: answer.statusCode ?? 0, asked: wasAsked })
      })
      request.on('error', reject)
      request.flushHeaders()
    },
  )
  assert.deepEqual([status, asked], [201, true])
})

test('ranges, HEAD and conditions are answered as RFC 9110 says', async (t) => {
  const { server, admin, put } = await publishing(t)
  const { content, digest } = await sample(t)
  await put(digest, content)
  const get = async (headers: Record<string, string>, method = 'GET') => {
    const answer = await fetch(`${server.url}/v1/releases/${digest}`, {
      method,
      headers: { authorization: `Bearer ${admin}`, ...headers },
    })
    const { status } = answer
    const body = Buffer.from(await answer.arrayBuffer())
    return { status, body, range: answer.headers.get('content-range'), headers: answer.headers }
  }
  const etag = `"sha256:${digest}"`
  const size = content.length
  const part = await get({ range: 'bytes=10-19' })
  assert.deepEqual([part.status, part.range], [206, `bytes 10-19/${size}`])
  assert.deepEqual(part.body, content.subarray(10, 20))
  assert.deepEqual((await get({ range: 'bytes=-5' })).body, content.subarray(size - 5))
  const rest = await get({ range: 'bytes=100-', 'if-range': etag })
  assert.deepEqual([rest.status, rest.body.equals(content.subarray(100))], [206, true])
  for (const headers of [
    { range: 'bytes=100-', 'if-range': '"another"' },
    { range: 'bytes=0-,0-' },
    { range: 'bytes=9-2' },
    { range: 'lines=1-2' },
  ])
    assert.deepEqual([(await get(headers)).status, (await get(headers)).body.length], [200, size])
  const outside = await get({ range: `bytes=${size}-` })
  assert.deepEqual([outside.status, outside.range], [416, `bytes */${size}`])
  assert.equal((await get({ 'if-none-match': `"x", ${etag}` })).status, 304)
  const head = await get({}, 'HEAD')
  assert.deepEqual([head.status, head.headers.get('content-length')], [200, String(size)])
  assert.equal(head.body.length, 0)
})

test('a statement is put to the very archive it is about, and to no other', async (t) => {
  const { put, ask, admin, deployer } = await publishing(t)
  const { content, digest } = await sample(t)
  await put(digest, content)
  const about = (sha256: string) =>
    JSON.stringify({
      app: 'shop',
      version: '1.0.0',
      sequence: 1,
      created: '2026-11-20T12:00:00Z',
      archive: { sha256, size: content.length },
    })
  const path = `/v1/releases/${digest}/statement?app=shop`
  const sign = (statement: string) =>
    ask(deployer, 'PUT', path, { statement, signatures: 'untrusted comment: x\n' })
  const refused = await sign(about('b'.repeat(64)))
  assert.deepEqual(
    [refused.status, (refused.body['error'] as { code: string }).code],
    [422, 'signature-archive'],
  )
  assert.equal((await sign('{}')).status, 422)
  assert.equal((await sign(about(digest))).status, 200)
  const shown = await ask(admin, 'GET', `/v1/releases/${digest}/about`)
  assert.deepEqual([shown.body['isSigned'], shown.body['statement']], [true, about(digest)])
})

test('a disk that would get too full takes nothing in', async (t) => {
  const { put, uploads } = await publishing(t, { releases: { keepFree: '8000000GiB' } })
  const { content, digest } = await sample(t)
  const refused = await put(digest, content)
  assert.deepEqual([refused.status, refused.code], [503, 'disk-full'])
  assert.deepEqual(uploads(), [])
})

test('many who publish the same archive at once all succeed, and it is there once', async (t) => {
  const { put, files, uploads } = await publishing(t)
  const { content, digest } = await sample(t)
  const statuses = await Promise.all(Array.from({ length: 10 }, () => put(digest, content)))
  for (const { status } of statuses) assert.ok([200, 201].includes(status))
  assert.equal(statuses.filter(({ body }) => body['isRepeat'] === false).length, 1)
  assert.deepEqual([files(), uploads()], [[digest], []])
})

test('an archive that was changed on the disk is not what was published, and a host would see it', async (t) => {
  const { put, directory, ask, admin } = await publishing(t)
  const { content, digest } = await sample(t)
  await put(digest, content)
  writeFileSync(join(directory, digest), 'short')
  assert.equal((await ask(admin, 'GET', `/v1/releases/${digest}`)).status, 404)
  assert.notEqual(await digestFile(join(directory, digest)), digest)
})

test('an agent that is not meant to have a release is told that there is none', async (t) => {
  const under = await serverUnderTest(t, { origin: 'https://agents.test' })
  const { server, admin, folder, ask } = under
  const digest = await publishSample(server.url, admin, { folder, name: 'shop' })
  const { session: agent } = await joinAgent(under)
  const known = await ask(agent, 'GET', `/v1/agent/releases/${digest}`)
  const absent = await ask(agent, 'GET', `/v1/agent/releases/${'a'.repeat(64)}`)
  assert.deepEqual([known.status, absent.status], [404, 404])
  assert.equal(known.text.replace(digest, 'x'), absent.text.replace('a'.repeat(64), 'x'))
})
