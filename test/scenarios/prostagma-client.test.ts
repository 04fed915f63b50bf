import assert from 'node:assert/strict'
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, RequestListener } from 'node:http'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { freePort } from '../support/free-port.ts'
import {
  fakeAws,
  raise,
  secret,
  send,
  serveWeb,
  startClient,
  startServer,
  type Env,
  type Program,
} from '../support/prostagma-machine.ts'
import { waitUntil } from '../support/wait-until.ts'

type Client = Awaited<ReturnType<typeof startClient>>

const noteRun = 'steps:\n  - shell: echo run >> $FOLDER/runs\n'

function runs({ folder }: { readonly folder: string }): number {
  const file = join(folder, 'runs')
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').length - 1 : 0
}

/** Polls that the client made successfully so far. */
async function polls(client: Client): Promise<number> {
  const page = await send(`http://127.0.0.1:${client.port}/metrics`, 'GET', undefined).catch(
    () => undefined,
  )
  return Number(/^prostagma_polls_total\{result="ok"\} (\d+)$/m.exec(page?.text ?? '')?.[1] ?? 0)
}

/** A client that knows where the server's count begins. */
async function startWatching(
  t: TestContext,
  options: Parameters<typeof startClient>[1],
): Promise<Client> {
  const client = await startClient(t, options)
  await waitUntil(async () => (await polls(client)) > 0, 'the first poll')
  return client
}

/** A Prostagma of the test, as the Go program is: no epoch, no hold, no content type worth the name. */
async function serveStub(t: TestContext): Promise<{
  url: string
  count: number
  asked: IncomingMessage[]
  bodies: string[]
  hook?: RequestListener
}> {
  const stub: Awaited<ReturnType<typeof serveStub>> = { url: '', count: 0, asked: [], bodies: [] }
  stub.url = await serveWeb(t, (request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      stub.asked.push(request)
      stub.bodies.push(body)
      if (stub.hook !== undefined) return stub.hook(request, response)
      response.setHeader('content-type', 'text/plain; charset=utf-8')
      return response.end(`{"trigger":"a","count":${stub.count}}\n`)
    })
  })
  return stub
}

const quick: Env = { PROSTAGMA_POLL_INTERVAL: '50ms', PROSTAGMA_POLL_TIMEOUT: '300ms' }

test('a client that finds a count of 7 runs nothing; a raise is one run, five at once are one', async (t) => {
  const server = await startServer(t)
  for (let time = 0; time < 7; time++) await raise(server)
  const client = await startWatching(t, { host: server.url, script: noteRun })
  assert.equal(runs(client), 0)
  await raise(server)
  await waitUntil(() => runs(client) === 1)
  await Promise.all(Array.from({ length: 5 }, () => raise(server)))
  await waitUntil(() => runs(client) === 2)
  await sleep(1500)
  assert.equal(runs(client), 2)
  assert.deepEqual(
    client.said('Triggered').map(({ count }) => count),
    [8, 13],
  )
})

test('raises during a run are one more run after it', async (t) => {
  const server = await startServer(t)
  const wait = 'while ! test -e $FOLDER/go; do sleep 0.05; done'
  const script = `steps:\n  - shell: |\n      echo run >> $FOLDER/runs\n      ${wait}\n`
  const client = await startWatching(t, { host: server.url, script })
  await raise(server)
  await waitUntil(() => runs(client) === 1)
  await raise(server)
  await raise(server)
  writeFileSync(join(client.folder, 'go'), '')
  await waitUntil(() => runs(client) === 2)
  await sleep(1500)
  assert.equal(runs(client), 2)
})

test('a server that begins again at 0 runs nothing, and a raise after that runs', async (t) => {
  const stub = await serveStub(t)
  stub.count = 5
  const client = await startWatching(t, { host: stub.url, script: noteRun, env: quick })
  stub.count = 0
  const seen = await polls(client)
  await waitUntil(async () => (await polls(client)) > seen + 2)
  assert.equal(runs(client), 0)
  stub.count = 1
  await waitUntil(() => runs(client) === 1)
})

test('a server that lost its counts and was raised between two polls is noticed by its epoch', async (t) => {
  const server = await startServer(t)
  for (let time = 0; time < 3; time++) await raise(server)
  const client = await startWatching(t, { host: server.url, script: noteRun, env: quick })
  process.kill(client.pid, 'SIGSTOP')
  server.signal('SIGKILL')
  await server.ended
  const fresh = await startServer(t, { port: String(server.port) })
  await raise(fresh)
  process.kill(client.pid, 'SIGCONT')
  await waitUntil(() => runs(client) === 1)
})

test('a server that comes back with its counts is raised and runs, and without a raise does not', async (t) => {
  const server = await startServer(t)
  await raise(server)
  const client = await startWatching(t, { host: server.url, script: noteRun, env: quick })
  server.signal('SIGTERM')
  await server.ended
  const again = await startServer(t, { port: String(server.port), PROSTAGMA_STATE: server.state })
  const seen = await polls(client)
  await waitUntil(async () => (await polls(client)) > seen)
  assert.equal(runs(client), 0)
  await raise(again)
  await waitUntil(() => runs(client) === 1)
})

test('a client that was there before its server takes the first count it sees as read', async (t) => {
  const port = await freePort()
  const host = `http://127.0.0.1:${port}/`
  const client = await startClient(t, { host, script: noteRun, env: quick })
  await sleep(300)
  const server = await startServer(t, { port: String(port) })
  for (let time = 0; time < 3; time++) await raise(server)
  await waitUntil(async () => (await polls(client)) > 0)
  const before = runs(client)
  await raise(server)
  await waitUntil(() => runs(client) === before + 1)
  const first = client.said('Triggered')[0]?.['count']
  assert.ok(Number(first) > 1, 'a count that nobody had seen before started the script')
})

test('a server that hangs holds nobody beyond the time-out, and polling goes on', async (t) => {
  const stub = await serveStub(t)
  stub.hook = () => undefined
  const client = await startClient(t, { host: stub.url, script: noteRun, env: quick })
  await waitUntil(() => stub.asked.length > 1)
  delete stub.hook
  await waitUntil(async () => (await polls(client)) > 0)
  stub.count = 1
  await waitUntil(() => runs(client) === 1)
})

test('answers other than 200 with a count change nothing', async (t) => {
  const stub = await serveStub(t)
  const client = await startWatching(t, { host: stub.url, script: noteRun, env: quick })
  const bad: RequestListener[] = [
    (_, response) => response.writeHead(204).end(),
    (_, response) => response.writeHead(302, { location: '/' }).end(),
    (_, response) => response.writeHead(500).end('{"count":9}'),
    (_, response) => response.end('<html>{"count":9}</html>'),
    (_, response) => response.end('{"count":"9"}'),
    (_, response) => response.end('{"count":-1}'),
    (_, response) => response.end(''),
  ]
  for (const hook of bad) {
    stub.hook = hook
    const asked = stub.asked.length
    await waitUntil(() => stub.asked.length > asked)
  }
  delete stub.hook
  const seen = await polls(client)
  await waitUntil(async () => (await polls(client)) > seen)
  assert.equal(runs(client), 0)
})

test('it asks a Go server as the Go client does, and is content with text/plain', async (t) => {
  const stub = await serveStub(t)
  const client = await startWatching(t, {
    host: `${stub.url}/under/a/path//`,
    script: noteRun,
    env: quick,
  })
  stub.count = 1
  await waitUntil(() => runs(client) === 1)
  const [first] = stub.asked
  assert.deepEqual([first?.method, first?.url], ['GET', '/under/a/path/trigger'])
  assert.equal(first?.headers['content-type'], undefined)
  assert.deepEqual(JSON.parse(stub.bodies[0] ?? ''), { secret, trigger: 'a' })
  assert.ok(stub.asked.every(({ headers }) => headers['prostagma-hold'] === undefined))
})

test('the pause between polls is five seconds where the server holds none', async (t) => {
  const stub = await serveStub(t)
  await startClient(t, { host: stub.url, script: noteRun })
  await waitUntil(() => stub.asked.length > 0)
  const begin = performance.now()
  await waitUntil(() => stub.asked.length > 1)
  const took = performance.now() - begin
  assert.ok(took > 4500 && took < 9000, `${took} ms`)
})

/** A client whose script has run once. */
async function runOnce(
  t: TestContext,
  script: string,
  env: Env = {},
): Promise<{ client: Client; stub: Awaited<ReturnType<typeof serveStub>> }> {
  const stub = await serveStub(t)
  const client = await startWatching(t, { host: stub.url, script, env: { ...quick, ...env } })
  stub.count += 1
  await waitUntil(async () => /^prostagma_script_runs_total\{/m.test(await metricsOf(client)))
  return { client, stub }
}

async function metricsOf(client: Client): Promise<string> {
  return (await send(`http://127.0.0.1:${client.port}/metrics`, 'GET', undefined)).text
}

function outputs(program: Program): unknown[] {
  return program.said('Ran command').map(({ output }) => output)
}

test('no line knows the directory or the variables of another, and all have the environment', async (t) => {
  const script = 'steps:\n  - shell: |\n      cd /\n      pwd\n      X=1\n      echo "[$X] $MINE"\n'
  const { client } = await runOnce(t, script, { MINE: 'of the client' })
  assert.deepEqual(outputs(client), ['', `${process.cwd()}\n`, '', '[] of the client\n'])
})

test('a failing line stops the script, its output is told, and polling goes on', async (t) => {
  const script =
    'steps:\n  - shell: |\n      echo one\n      echo two\n      echo why >&2; exit 3\n      echo four\n  - shell: echo five\n'
  const { client, stub } = await runOnce(t, script)
  assert.deepEqual(outputs(client), ['one\n', 'two\n'])
  const [failed] = client.said('Error running command')
  assert.deepEqual(
    [failed?.level, failed?.['output'], failed?.['error']],
    ['error', 'why\n', 'exited with 3'],
  )
  assert.equal(client.said('Error running command').length, 1)
  stub.count += 1
  await waitUntil(() => client.said('Triggered').length === 2)
})

const scripts: readonly (readonly [string, string, readonly string[], string | undefined])[] = [
  ['a number is the text of a command', 'steps: [{ shell: 5 }]', [], 'Error running command'],
  [
    'a list is no command',
    'steps:\n  - shell: echo 1\n  - shell: [a]',
    ['1\n'],
    'Could not download file|Build script stopped',
  ],
  [
    'an unknown key stops the script after the steps before it',
    'steps:\n  - shell: echo 1\n  - shel: echo 2\n  - shell: echo 3',
    ['1\n'],
    'Unknown step command',
  ],
  [
    'a scalar step stops the script',
    'steps:\n  - shell: echo 1\n  - echo 2',
    ['1\n'],
    'Build script stopped',
  ],
  [
    'several keys run in the order in which they are written',
    'steps:\n  - shell: echo 1\n    bad: x',
    ['1\n'],
    'Unknown step command',
  ],
  ['no steps are nothing to do', 'other: 1', [], undefined],
  ['an empty script is nothing to do', '', [], undefined],
  ['steps that are no list are told', 'steps: 5', [], 'Could not load build script'],
  ['what is no YAML is told', 'steps: [', [], 'Could not load build script'],
  [
    'a step may have a name, a directory, variables and a time',
    'steps:\n  - name: look\n    cwd: /\n    env: { X: one }\n    timeout: 10s\n    shell: echo "$X $PWD"',
    ['one /\n'],
    undefined,
  ],
  [
    'an alias stands for what it names, except in the place of a step',
    'x: &c echo 1\ny: &s { shell: echo 2 }\nsteps:\n  - shell: *c\n  - *s',
    ['1\n'],
    'Build script stopped',
  ],
  [
    'a repeated key is told',
    'steps:\n  - shell: echo 1\n    shell: echo 2',
    [],
    'Could not load build script',
  ],
]

for (const [name, script, expected, message] of scripts) {
  test(`build script: ${name}`, async (t) => {
    const { client } = await runOnce(t, script)
    assert.deepEqual(outputs(client), expected)
    const errors = client.log().filter(({ level }) => level === 'error')
    if (message === undefined) assert.deepEqual(errors, [])
    else assert.match(errors[0]?.msg ?? '', new RegExp(`^(${message})$`))
  })
}

test('an edited script is taken at the next run', async (t) => {
  const { client, stub } = await runOnce(t, 'steps: [{ shell: echo old }]')
  writeFileSync(client.scriptFile, 'steps: [{ shell: echo new }]')
  stub.count += 1
  await waitUntil(() => client.said('Ran command').length === 2)
  assert.deepEqual(outputs(client), ['old\n', 'new\n'])
})

interface Origin {
  readonly url: string
  hits: number
  status: number
}

async function serveOrigin(t: TestContext): Promise<Origin> {
  const origin = { url: '', hits: 0, status: 200 }
  origin.url = await serveWeb(t, (_, response) => {
    origin.hits += 1
    response.writeHead(origin.status).end(`build ${origin.hits}`)
  })
  return origin
}

function downloadScript(url: string, more = ''): string {
  return `steps:\n  - download:\n      url: ${url}\n      dest: $FOLDER/file\n${more}  - shell: echo run >> $FOLDER/runs\n`
}

test('a download fetches afresh each time, with cache only what the server has not', async (t) => {
  const origin = await serveOrigin(t)
  const server = await startServer(t)
  const fresh = await startWatching(t, { host: server.url, script: downloadScript(origin.url) })
  const kept = await startWatching(t, {
    host: server.url,
    script: downloadScript(`${origin.url}/k`, '      cache: yes\n'),
  })
  await raise(server)
  await waitUntil(() => runs(fresh) === 1 && runs(kept) === 1)
  assert.equal(origin.hits, 2)
  await raise(server)
  await waitUntil(() => runs(fresh) === 2 && runs(kept) === 2)
  assert.equal(origin.hits, 3)
  assert.equal(readFileSync(join(fresh.folder, 'file'), 'utf8'), 'build 3')
  assert.match(readFileSync(join(kept.folder, 'file'), 'utf8'), /^build [12]$/)
})

test('a failed download stops the script and leaves the file that was there', async (t) => {
  const origin = await serveOrigin(t)
  const server = await startServer(t)
  const client = await startWatching(t, { host: server.url, script: downloadScript(origin.url) })
  const file = join(client.folder, 'file')
  writeFileSync(file, 'good')
  chmodSync(file, 0o751)
  origin.status = 500
  await raise(server)
  await waitUntil(() => client.said('Build script stopped').length === 1)
  assert.equal(readFileSync(file, 'utf8'), 'good')
  assert.deepEqual([client.said('Server could not download file').length, runs(client)], [1, 0])
  origin.status = 200
  await raise(server)
  await waitUntil(() => runs(client) === 1)
  assert.match(readFileSync(file, 'utf8'), /^build/)
  assert.equal(statSync(file).mode & 0o777, 0o751)
})

test("the guide's flattened sample downloads, and its download of an s3 address goes to S3", async (t) => {
  const origin = await serveOrigin(t)
  const aws = fakeAws(t, 'printf "from s3" > "$4"')
  const server = await startServer(t, { PROSTAGMA_AWS: aws.path })
  const script = [
    'steps:',
    '  - download:',
    '    cache: true',
    `    url: ${origin.url}`,
    '    dest: $FOLDER/web',
    '  - download: { url: "s3://b/k", dest: $FOLDER/s3 }',
    '  - download_s3: { url: "s3://b/l", dest: $FOLDER/deep/er/s3 }',
    '  - shell: echo run >> $FOLDER/runs',
  ].join('\n')
  const client = await startWatching(t, { host: server.url, script })
  await raise(server)
  await waitUntil(() => runs(client) === 1)
  assert.equal(readFileSync(join(client.folder, 'web'), 'utf8'), 'build 1')
  assert.equal(readFileSync(join(client.folder, 's3'), 'utf8'), 'from s3')
  assert.equal(readFileSync(join(client.folder, 'deep/er/s3'), 'utf8'), 'from s3')
  assert.equal(aws.calls().length, 2)
})

test('the metrics of a client tell of polls and runs, and only there', async (t) => {
  const { client } = await runOnce(t, 'steps: [{ shell: "true" }]')
  const text = await metricsOf(client)
  for (const pattern of [
    /^prostagma_polls_total\{result="ok"\} [1-9]/m,
    /^prostagma_last_count 1$/m,
    /^prostagma_script_runs_total\{result="ok"\} 1$/m,
    /^prostagma_script_duration_seconds_count 1$/m,
    /^prostagma_last_run_timestamp_seconds \d{10}/m,
    /^process_open_fds \d+$/m,
  ]) {
    assert.match(text, pattern)
  }
  assert.equal((await send(`http://127.0.0.1:${client.port}/`, 'GET', undefined)).status, 404)
})

test('a metrics port that is taken is told, and the client works on', async (t) => {
  const stub = await serveStub(t)
  const taken = new URL(stub.url).port
  const client = await startClient(t, {
    host: stub.url,
    script: noteRun,
    env: { ...quick, PROSTAGMA_PROM_PORT: taken },
  })
  await waitUntil(() => client.said('Cannot serve metrics').length === 1)
  await waitUntil(() => stub.asked.length > 2)
  stub.count = 1
  await waitUntil(() => runs(client) === 1)
})

test('the log of a client is JSON without the secret, even when a script prints it', async (t) => {
  const { client } = await runOnce(t, 'steps: [{ shell: echo "it is $PROSTAGMA_SECRET" }]')
  assert.deepEqual(
    client.log().map(({ msg }) => msg),
    ['Triggered', 'Ran command'],
  )
  assert.deepEqual(outputs(client), ['it is [redacted]\n'])
  assert.ok(!client.raw().includes(secret))
})

test('asked to end, the running line ends first and no other begins', async (t) => {
  const stub = await serveStub(t)
  const script =
    'steps:\n  - shell: |\n      touch $FOLDER/begun; sleep 1; touch $FOLDER/ended\n      touch $FOLDER/next\n'
  const client = await startWatching(t, { host: stub.url, script, env: quick })
  stub.count = 1
  await waitUntil(() => existsSync(join(client.folder, 'begun')))
  client.signal('SIGTERM')
  assert.equal(await client.ended, 0)
  assert.equal(existsSync(join(client.folder, 'ended')), true)
  assert.equal(existsSync(join(client.folder, 'next')), false)
})

test('a line that does not end in its grace is ended with all it started', async (t) => {
  const stub = await serveStub(t)
  const script = 'steps:\n  - shell: echo $$ > $FOLDER/pid; sleep 60 & sleep 60\n'
  const client = await startWatching(t, {
    host: stub.url,
    script,
    env: { ...quick, PROSTAGMA_GRACE: '200ms' },
  })
  stub.count = 1
  const pid = join(client.folder, 'pid')
  await waitUntil(() => existsSync(pid) && readFileSync(pid, 'utf8') !== '')
  client.signal('SIGTERM')
  assert.equal(await client.ended, 0)
  const group = -Number(readFileSync(pid, 'utf8'))
  await waitUntil(() => !isThere(group))
})

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

test('with a state directory a raise while the client was away is not lost, and a run is not repeated', async (t) => {
  const server = await startServer(t)
  await raise(server)
  const first = await startWatching(t, {
    host: server.url,
    script: noteRun,
    env: { PROSTAGMA_STATE: join(server.state, 'client') },
  })
  first.signal('SIGTERM')
  assert.equal(await first.ended, 0)
  await raise(server)
  const env = {
    PROSTAGMA_STATE: join(server.state, 'client'),
    PROSTAGMA_SCRIPT: first.scriptFile,
  }
  const second = await startClient(t, { host: server.url, script: '', env })
  await waitUntil(() => runs(first) === 1)
  second.signal('SIGTERM')
  await second.ended
  const third = await startWatching(t, { host: server.url, script: '', env })
  await sleep(300)
  third.signal('SIGTERM')
  await third.ended
  assert.equal(runs(first), 1)
})

test('a client that was killed in a run tells so and does not run it again', async (t) => {
  const server = await startServer(t)
  const script = 'steps:\n  - shell: echo run >> $FOLDER/runs; sleep 2\n'
  const env = { PROSTAGMA_STATE: join(server.state, 'client') }
  const client = await startWatching(t, { host: server.url, script, env })
  await raise(server)
  await waitUntil(() => runs(client) === 1)
  client.signal('SIGKILL')
  await client.ended
  const again = await startWatching(t, {
    host: server.url,
    script: '',
    env: { ...env, PROSTAGMA_SCRIPT: client.scriptFile },
  })
  assert.equal(again.said('The last script was interrupted and is not run again').length, 1)
  await sleep(300)
  assert.equal(runs(client), 1)
})

test('a bad environment ends the client with 1 and one fatal line that names it', async (t) => {
  for (const env of [
    { PROSTAGMA_HOST: 'server:6969' },
    { PROSTAGMA_POLL_INTERVAL: '5' },
    { PROSTAGMA_PROM_PORT: '99999' },
  ]) {
    const client = await startClient(t, { host: 'http://127.0.0.1:1', script: '', env })
    assert.equal(await client.ended, 1)
    assert.equal(client.log().at(-1)?.level, 'fatal')
    assert.match(client.raw(), new RegExp(Object.keys(env)[0] ?? ''))
  }
})
