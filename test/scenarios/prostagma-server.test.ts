import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { copyFileSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { createServer as createTlsServer } from 'node:https'
import { connect, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import test from 'node:test'

import { afterwards } from '../support/afterwards.ts'
import { freePort } from '../support/free-port.ts'
import {
  countOf,
  fakeAws,
  raise,
  secret,
  send,
  serveWeb,
  startProgram,
  startServer,
  type ServerProgram,
} from '../support/prostagma-machine.ts'
import { temporaryFolder } from '../support/temp-folder.ts'
import { builtProgram } from '../support/tools.ts'
import { waitUntil } from '../support/wait-until.ts'

test('without a mode, and with an unknown one, it ends with 1 and one fatal line', async (t) => {
  for (const words of [[], ['bogus']]) {
    const program = startProgram(t, words, {})
    assert.equal(await program.ended, 1)
    assert.deepEqual(
      program.log().map(({ level }) => level),
      ['fatal'],
    )
  }
})

test('a fresh server counts from 0 and answers one line of JSON', async (t) => {
  const server = await startServer(t)
  const { status, text } = await send(`${server.url}/trigger`, 'GET', { secret, trigger: 'a' })
  assert.deepEqual([status, text], [200, '{"trigger":"a","count":0}\n'])
})

test('each raise is answered with nothing and counts for its trigger only', async (t) => {
  const server = await startServer(t)
  for (let time = 0; time < 3; time++) {
    const { status, body } = await send(`${server.url}/trigger`, 'POST', { secret, trigger: 'a' })
    assert.deepEqual([status, body.length], [200, 0])
  }
  assert.deepEqual([await countOf(server, 'a'), await countOf(server, 'b')], [3, 0])
})

test('a bad body is 400 before a bad secret is 403, and both are empty', async (t) => {
  const server = await startServer(t)
  const cases: readonly (readonly [string | object, number])[] = [
    [{ secret: 'wrong', trigger: 'a' }, 403],
    [{ trigger: 'a' }, 403],
    ['{"secret":', 400],
    ['{"secret":"wrong","trigger"', 400],
    ['{"secret":"wrong","trigger":5}', 400],
    [{ secret, trigger: 5 }, 400],
    ['', 400],
    ['trigger=a', 400],
  ]
  for (const [body, expected] of cases) {
    for (const method of ['GET', 'POST']) {
      const { status, text } = await send(`${server.url}/trigger`, method, body)
      assert.deepEqual([status, text], [expected, ''], JSON.stringify(body))
    }
  }
  // The answer may be here before the line that tells of it.
  await waitUntil(() => server.said('Client provided a bad secret').length === 4)
  await waitUntil(() => server.said('Client provided a bad request body').length === 12)
})

test('names in any case, unknown members, what follows, and any content type are taken', async (t) => {
  const server = await startServer(t)
  const body = `{"SECRET":"${secret}","Trigger":"a","x":1} trailing`
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  assert.equal((await send(`${server.url}/trigger`, 'POST', body, form)).status, 200)
  assert.match((await send(`${server.url}/trigger`, 'GET', body)).text, /"count":1/)
})

test('other methods are 405, other paths 404', async (t) => {
  const server = await startServer(t)
  const rows = [
    ['PUT', '/trigger', 405],
    ['HEAD', '/trigger', 405],
    ['GET', '/cache/s3', 405],
    ['HEAD', '/cache', 405],
    ['GET', '/nope', 404],
    ['GET', '/trigger/', 404],
    ['POST', '/', 404],
  ] as const
  for (const [method, path, expected] of rows) {
    const { status, text } = await send(server.url + path, method, undefined)
    assert.equal(status, expected, `${method} ${path}`)
    assert.equal(text, expected === 404 ? '404 page not found\n' : '')
  }
})

test('an empty secret lets everybody in and is warned of', async (t) => {
  const server = await startServer(t, { PROSTAGMA_SECRET: '' })
  assert.equal((await send(`${server.url}/trigger`, 'POST', { trigger: 'a' })).status, 200)
  assert.equal((await send(`${server.url}/trigger`, 'POST', { secret: 'x' })).status, 403)
  assert.match(server.raw(), /PROSTAGMA_SECRET is empty/)
})

test('sixteen parallel raises are all counted', async (t) => {
  const server = await startServer(t)
  for (let round = 0; round < 4; round++) {
    await Promise.all(Array.from({ length: 16 }, () => raise(server)))
  }
  assert.equal(await countOf(server), 64)
})

test('what was answered survives kill -9, and counts go on in the same epoch', async (t) => {
  const server = await startServer(t)
  const first = await send(`${server.url}/trigger`, 'POST', { secret, trigger: 'a' })
  await raise(server)
  server.signal('SIGKILL')
  await server.ended
  const again = await startServer(t, { PROSTAGMA_STATE: server.state })
  await raise(again)
  assert.equal(await countOf(again), 3)
  const later = await send(`${again.url}/trigger`, 'GET', { secret, trigger: 'a' })
  assert.equal(later.headers['prostagma-epoch'], first.headers['prostagma-epoch'])
})

test('any trigger name counts, and odd characters come back escaped', async (t) => {
  const server = await startServer(t)
  for (const name of ['', '__proto__', '<a>&\u2028', 'ä/..\n', 'x'.repeat(5000)]) {
    await raise(server, name)
    assert.equal(await countOf(server, name), 1, name.slice(0, 20))
  }
  const { text } = await send(`${server.url}/trigger`, 'GET', { secret, trigger: '<a>&\u2028' })
  assert.equal(text, '{"trigger":"\\u003ca\\u003e\\u0026\\u2028","count":1}\n')
})

async function cache(server: ServerProgram, url: string, path = '/cache'): Promise<number> {
  return (await send(server.url + path, 'POST', { secret, url })).status
}

function cached(
  server: ServerProgram,
  url: string,
  headers: Readonly<Record<string, string>> = {},
): ReturnType<typeof send> {
  return send(`${server.url}/cache`, 'GET', { secret, url }, headers)
}

test('a file of 6 MB comes through the cache byte for byte, and only after it was asked for', async (t) => {
  const content = randomBytes(6 * 1024 * 1024)
  const url = await serveWeb(t, (_, response) => response.end(content))
  const server = await startServer(t)
  const before = await cached(server, url)
  assert.deepEqual([before.status, before.text], [404, ''])
  assert.equal(await cache(server, url), 200)
  const after = await cached(server, url)
  assert.equal(after.status, 200)
  assert.ok(after.body.equals(content))
})

test('a closed port and an error page are 404, and an earlier good copy is served', async (t) => {
  let status = 200
  const url = await serveWeb(t, (_, response) => response.writeHead(status).end('page'))
  const server = await startServer(t)
  assert.equal(await cache(server, `http://127.0.0.1:${await freePort()}/`), 404)
  assert.equal(await cache(server, url), 200)
  status = 500
  assert.equal(await cache(server, url), 404)
  assert.equal((await cached(server, url)).text, 'page')
  for (const bad of ['', 'x', 'file:///etc/passwd', 'http://', 's3://b/k']) {
    assert.equal(await cache(server, bad), 404, bad)
  }
  await waitUntil(() => server.said('Failed to download from URL').length === 7)
})

test('an upstream that dies in the middle is 500, and the earlier copy is served', async (t) => {
  let dies = false
  const url = await serveWeb(t, (_, response) => {
    if (!dies) return response.end('good')
    response.writeHead(200, { 'content-length': 100 })
    return response.write('bad', () => response.destroy())
  })
  const server = await startServer(t)
  assert.equal(await cache(server, url), 200)
  dies = true
  assert.equal(await cache(server, url), 500)
  assert.equal((await cached(server, url)).text, 'good')
})

test('content fetched again is what is served, and one file is left', async (t) => {
  let version = 1
  const url = await serveWeb(t, (_, response) => response.end(`version ${version}`))
  const server = await startServer(t)
  await cache(server, url)
  version = 2
  await cache(server, url)
  assert.equal((await cached(server, url)).text, 'version 2')
  assert.equal(readdirSync(join(server.state, 'cache')).length, 1)
})

test('S3 is fetched by the aws CLI with exactly its four words, into the same namespace', async (t) => {
  const aws = fakeAws(t, 'case "$3" in *bad) exit 1;; esac; printf "from s3" > "$4"')
  const server = await startServer(t, { PROSTAGMA_AWS: aws.path })
  assert.equal(await cache(server, 's3://b/k', '/cache/s3'), 200)
  assert.equal((await cached(server, 's3://b/k')).text, 'from s3')
  assert.match(aws.calls()[0] ?? '', /^s3 cp s3:\/\/b\/k \/\S+$/)
  assert.equal(await cache(server, 's3://b/bad', '/cache/s3'), 404)
  assert.equal(aws.calls().length, 2)
  for (const bad of ['--help', '/etc/passwd', 'http://x/y', '']) {
    assert.notEqual(await cache(server, bad, '/cache/s3'), 200)
  }
  assert.equal(aws.calls().length, 2)
})

test('an aws CLI that is not there is 500', async (t) => {
  const server = await startServer(t, { PROSTAGMA_AWS: '/no/such/aws' })
  assert.equal(await cache(server, 's3://b/k', '/cache/s3'), 500)
  await waitUntil(() => server.said('Failed to invoke AWS').length === 1)
})

test('a range is answered with its bytes, an unchanged file with 304', async (t) => {
  const url = await serveWeb(t, (_, response) => response.end('0123456789'))
  const server = await startServer(t)
  await cache(server, url)
  const part = await cached(server, url, { range: 'bytes=0-3' })
  assert.deepEqual([part.status, part.text], [206, '0123'])
  assert.equal(part.headers['content-range'], 'bytes 0-3/10')
  assert.equal((await cached(server, url, { range: 'bytes=-2' })).text, '89')
  assert.equal((await cached(server, url, { range: 'bytes=8-' })).text, '89')
  assert.equal((await cached(server, url, { range: 'bytes=0-1,3-4' })).status, 200)
  assert.equal((await cached(server, url, { range: 'bytes=10-' })).status, 416)
  const since = part.headers['last-modified'] ?? ''
  assert.equal((await cached(server, url, { 'if-modified-since': since })).status, 304)
  const other = await cached(server, url, { range: 'bytes=0-3', 'if-range': 'another day' })
  assert.deepEqual([other.status, other.text], [200, '0123456789'])
})

test('an empty file is a file', async (t) => {
  const url = await serveWeb(t, (_, response) => response.end())
  const server = await startServer(t)
  assert.equal(await cache(server, url), 200)
  const { status, body, headers } = await cached(server, url)
  assert.deepEqual([status, body.length, headers['content-length']], [200, 0, '0'])
})

test('with PROSTAGMA_ALLOW nothing else is fetched, also not by a redirect', async (t) => {
  let reached = 0
  const inside = await serveWeb(t, (_, response) => {
    reached += 1
    response.end('inside')
  })
  const outside = await serveWeb(t, (request, response) => {
    if (request.url === '/ok/file') response.end('fine')
    else response.writeHead(302, { location: inside }).end()
  })
  const server = await startServer(t, { PROSTAGMA_ALLOW: `${outside}/ok/` })
  assert.equal(await cache(server, `${outside}/ok/file`), 200)
  for (const url of [inside, `${outside}/ok/away`, `${outside}/other`, 'http://169.254.169.254/']) {
    assert.equal(await cache(server, url), 404, url)
  }
  assert.equal(reached, 0)
})

test('the proxy of the environment is asked for what is not on this machine', async (t) => {
  const asked: string[] = []
  const proxy = await serveWeb(t, (request, response) => {
    asked.push(request.url ?? '')
    response.end('by proxy')
  })
  const server = await startServer(t, { HTTP_PROXY: proxy })
  assert.equal(await cache(server, 'http://files.example/a'), 200)
  assert.equal((await cached(server, 'http://files.example/a')).text, 'by proxy')
  assert.deepEqual(asked, ['http://files.example/a'])
})

test('certificates that the machine trusts are trusted, and no others', async (t) => {
  const folder = temporaryFolder(t)
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
  const words = `req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout ${key} -out ${certificate}`
  execFileSync('openssl', words.split(' '), { stdio: 'ignore' })
  const pair = { key: readFileSync(key), cert: readFileSync(certificate) }
  const upstream = createTlsServer(pair, (_, response) => response.end('over TLS'))
  await new Promise<void>((ready) => void upstream.listen(0, '127.0.0.1', ready))
  afterwards(t, () => void upstream.close())
  const url = `https://localhost:${(upstream.address() as AddressInfo).port}/`
  assert.equal(await cache(await startServer(t), url), 404)
  const trusting = await startServer(t, { SSL_CERT_FILE: certificate })
  assert.equal(await cache(trusting, url), 200, trusting.raw())
  assert.equal((await cached(trusting, url)).text, 'over TLS')
})

test('two servers keep their files apart, and a server takes its own away when it ends', async (t) => {
  const url = await serveWeb(t, (_, response) => response.end('content'))
  const first = await startServer(t)
  await cache(first, url)
  const second = await startServer(t)
  assert.equal((await cached(first, url)).text, 'content')
  second.signal('SIGTERM')
  assert.equal(await second.ended, 0)
  assert.equal(existsSync(join(second.state, 'cache')), false)
  assert.equal((await cached(first, url)).text, 'content')
})

test('an address that is taken ends the server with 1', async (t) => {
  const server = await startServer(t)
  const second = startProgram(t, ['server'], {
    PROSTAGMA_HOST: `127.0.0.1:${server.port}`,
    PROSTAGMA_STATE: join(temporaryFolder(t), 'other'),
  })
  assert.equal(await second.ended, 1)
  assert.equal(second.log().at(-1)?.level, 'fatal')
})

test('a held poll is answered by a raise, by another epoch at once, and lets the server end', async (t) => {
  const server = await startServer(t)
  const offer = await send(`${server.url}/trigger`, 'GET', { secret, trigger: 'a' })
  assert.equal(offer.headers['prostagma-hold'], '25')
  const epoch = String(offer.headers['prostagma-epoch'])
  const held = (headers: Record<string, string>): ReturnType<typeof send> =>
    send(
      `${server.url}/trigger`,
      'GET',
      { secret, trigger: 'a' },
      { 'prostagma-hold': '25', ...headers },
    )
  const waiting = held({ 'prostagma-after': '0', 'prostagma-epoch': epoch })
  const begin = performance.now()
  assert.match((await held({ 'prostagma-after': '0', 'prostagma-epoch': 'old' })).text, /"count":0/)
  await raise(server)
  assert.match((await waiting).text, /"count":1/)
  const last = held({ 'prostagma-after': '1', 'prostagma-epoch': epoch })
  await new Promise((resolve) => void setTimeout(resolve, 200))
  server.signal('SIGTERM')
  assert.match((await last).text, /"count":1/)
  assert.equal(await server.ended, 0)
  assert.ok(performance.now() - begin < 10_000)
})

test('a body beyond 64 KiB is refused, told or not, and nothing is read from a doubtful head', async (t) => {
  const server = await startServer(t)
  const big = JSON.stringify({ secret, trigger: 'x'.repeat(70_000) })
  assert.equal((await send(`${server.url}/trigger`, 'POST', big)).status, 413)
  assert.equal((await chunked(server, big)).status, 413)
  for (const head of [
    'GET /metrics HTTP/1.1\r\nHost: a\r\nHost: b\r\n',
    'GET http://elsewhere/metrics HTTP/1.1\r\nHost: a\r\n',
  ]) {
    assert.match(
      await rawAnswer(server.port, `${head}Connection: close\r\n\r\n`),
      /^HTTP\/1.1 400 /,
    )
  }
  assert.equal(await countOf(server), 0)
})

function chunked(server: ServerProgram, body: string): ReturnType<typeof send> {
  const half = body.length / 2
  const text = [body.slice(0, half), body.slice(half)]
    .map((part) => `${part.length.toString(16)}\r\n${part}\r\n`)
    .join('')
  const head = 'POST /trigger HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'
  return rawAnswer(server.port, `${head}${text}0\r\n\r\n`).then((answer) => ({
    status: Number(answer.slice(9, 12)),
    text: answer,
    body: Buffer.from(answer),
    headers: {},
  }))
}

function rawAnswer(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(text))
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()))
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(answer))
  })
}

test('a bare GET with a body and without a content type, as the Go client sends it, is answered', async (t) => {
  const server = await startServer(t)
  const body = JSON.stringify({ secret, trigger: 'a' })
  const head = `GET /trigger HTTP/1.1\r\nHost: x\r\nUser-Agent: Go-http-client/1.1\r\nContent-Length: ${body.length}\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n`
  const answer = await rawAnswer(server.port, head + body)
  assert.match(answer, /^HTTP\/1.1 200 OK\r\n/)
  assert.match(answer, /\r\n\r\n\{"trigger":"a","count":0\}\n$/)
})

test('a head that does not come to its end is cut off after ten seconds', async (t) => {
  const server = await startServer(t)
  const begin = performance.now()
  const answer = await rawAnswer(server.port, 'GET /trigger HTTP/1.1\r\nHo')
  assert.match(answer, /^HTTP\/1.1 408 /)
  assert.ok(performance.now() - begin < 13_000)
})

test('the metrics need no secret and tell of triggers, requests and the cache', async (t) => {
  const url = await serveWeb(t, (_, response) => response.end('content'))
  const server = await startServer(t)
  await raise(server, 'my "trigger"')
  await cache(server, url)
  const { status, text } = await send(`${server.url}/metrics`, 'GET', undefined)
  assert.equal(status, 200)
  for (const line of [
    'prostagma_trigger_count{trigger="my \\"trigger\\""} 1',
    'prostagma_requests_total{path="/trigger",method="POST",code="200"} 1',
    'prostagma_cache_files 1',
    'prostagma_cache_bytes 7',
    'prostagma_cache_downloads_total{kind="web",result="ok"} 1',
  ]) {
    assert.ok(text.includes(`${line}\n`), line)
  }
  assert.match(text, /^process_resident_memory_bytes \d+$/m)
})

test('the log is JSON on standard error, in the words operators search for, without the secret', async (t) => {
  const aws = fakeAws(t, `echo "the key is ${secret}"; printf x > "$4"`)
  const url = await serveWeb(t, (_, response) => response.end('content'))
  const server = await startServer(t, { PROSTAGMA_AWS: aws.path })
  await raise(server)
  await cache(server, url)
  await cached(server, url)
  await cached(server, 'http://other/')
  await cache(server, 's3://b/k', '/cache/s3')
  await send(`${server.url}/trigger`, 'POST', { secret: 'wrong' })
  await waitUntil(() => server.said('Client provided a bad secret').length === 1)
  const messages = server.log().map(({ msg }) => msg)
  assert.deepEqual(messages, [
    'Cleaning cache',
    'Listening',
    'Client is incrementing a trigger count',
    'Cached file',
    'Serving cached file',
    'Client asked for uncached file',
    'Invoked AWS',
    'Cached file',
    'Client provided a bad secret',
  ])
  for (const line of server.log()) {
    assert.deepEqual(Object.keys(line).slice(0, 4), ['level', 'ts', 'caller', 'msg'])
    assert.ok(Math.abs(line.ts - Date.now() / 1000) < 60)
  }
  assert.ok(!server.raw().includes(secret))
  assert.match(server.raw(), /the key is \[redacted\]/)
})

test('a file of 300 MB costs the server no memory', async (t) => {
  const piece = Buffer.alloc(1024 * 1024, 'x')
  const url = await serveWeb(t, (_, response) => {
    Readable.from(Array.from({ length: 300 }, () => piece)).pipe(response)
  })
  const server = await startServer(t)
  await raise(server)
  const before = residentMegabytes(server.pid)
  let most = 0
  const watch = setInterval(() => (most = Math.max(most, residentMegabytes(server.pid))), 20)
  assert.equal(await cache(server, url), 200)
  clearInterval(watch)
  assert.ok(most - before < 100, `${before} MB before, ${most} MB during`)
  const { headers } = await cached(server, url, { range: 'bytes=0-0' })
  assert.equal(headers['content-range'], `bytes 0-0/${300 * piece.length}`)
})

function residentMegabytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024
}

test('the one file copied elsewhere is a server', async (t) => {
  const folder = temporaryFolder(t)
  const alone = join(folder, 'prostagma')
  copyFileSync(builtProgram('prostagma'), alone)
  const env = { PROSTAGMA_HOST: '127.0.0.1:0', PROSTAGMA_STATE: join(folder, 'state') }
  const program = startProgram(t, ['server'], env, alone)
  await waitUntil(() => program.said('Listening').length > 0)
  const url = `http://${String(program.said('Listening')[0]?.['addr'])}`
  assert.equal((await send(`${url}/trigger`, 'GET', {})).text, '{"trigger":"","count":0}\n')
})
