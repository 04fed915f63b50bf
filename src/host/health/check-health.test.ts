import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { gzipSync } from 'node:zlib'

import { afterwards } from '../../../test/support/afterwards.ts'
import { freePort } from '../../../test/support/free-port.ts'
import { temporaryFolder } from '../../../test/support/temp-folder.ts'
import { AppError } from '../../errors/index.ts'
import { randomText, systemClock } from '../../system/index.ts'
import type { ServiceState } from '../drivers/process-driver.ts'
import { checkHealth, type HealthContext, type HealthProof } from './check-health.ts'
import type { HealthCheck, HealthTarget } from './health-check.ts'

const http: HealthCheck = {
  type: 'http',
  path: '/up',
  status: [200],
  interval: 10,
  timeout: 20_000,
  successes: 2,
  within: 20_000,
}
/** For what can only fail. */
const soon = { timeout: 150, within: 200 }

async function listen(t: TestContext, server: Server, at: number | string = 0): Promise<number> {
  server.listen(typeof at === 'string' ? { path: at } : { host: '127.0.0.1', port: at })
  await once(server, 'listening')
  afterwards(t, () => new Promise((resolve) => server.close(resolve)))
  const address = server.address() as AddressInfo | string
  return typeof address === 'string' ? 0 : address.port
}

async function serve(t: TestContext, listener: RequestListener): Promise<number> {
  const server = createServer(listener)
  const port = await listen(t, server)
  afterwards(t, () => server.closeAllConnections())
  return port
}

interface Use {
  readonly check?: Partial<HealthCheck>
  readonly target?: Partial<HealthTarget>
  readonly context?: Partial<HealthContext>
}

const running: ServiceState = { state: 'running', pid: process.pid, restarts: 0 }

function check(t: TestContext, port: number | undefined, use: Use = {}): Promise<HealthProof> {
  const folder = temporaryFolder(t)
  const target: HealthTarget = {
    port,
    socket: undefined,
    command: {
      directory: join(folder, 'check'),
      name: `check-${randomText(8)}`,
      cwd: folder,
      env: { PATH: '/usr/bin:/bin' },
      owner: undefined,
    },
    ...use.target,
  }
  return checkHealth({ ...http, ...use.check } as HealthCheck, target, {
    clock: systemClock,
    signal: new AbortController().signal,
    ownPids: async () => [process.pid],
    observe: async () => running,
    label: 'shop-1',
    lastOutput: () => 'the last line',
    ...use.context,
  })
}

test('an app that answers well so many times in a row is proved, and so is whose it is', async (t) => {
  let agent: string | undefined
  const port = await serve(t, (request, response) => {
    agent = request.headers['user-agent']
    response.statusCode = request.url === '/up' ? 200 : 404
    response.end('fine')
  })
  const proof = await check(t, port)
  assert.deepEqual([proof.attempts, proof.ownership], [2, 'proved'])
  assert.equal(agent, 'sluice-check')
})

test('successes count only in a row', async (t) => {
  let asked = 0
  const port = await serve(t, (_request, response) => {
    asked += 1
    response.statusCode = asked === 3 || asked === 5 ? 500 : 200
    response.end()
  })
  const proof = await check(t, port, { check: { successes: 3 } })
  assert.equal(proof.attempts, 8)
})

test('a deploy on a unix socket is asked there', async (t) => {
  const socket = join(temporaryFolder(t), 'app.sock')
  await listen(
    t,
    createServer((_request, response) => void response.end()),
    socket,
  )
  const proof = await check(t, undefined, { target: { socket } })
  assert.equal(proof.ownership, 'proved')
})

test('a wrong status is told with the head of the body', async (t) => {
  const port = await serve(t, (_request, response) => {
    response.statusCode = 503
    response.end(`no database \u001b[31m${'x'.repeat(1000)}`)
  })
  await assert.rejects(check(t, port, { check: soon }), (error: AppError) => {
    assert.equal(error.code, 'unhealthy')
    assert.match(error.message, /got status 503 from \/up, wanted 200/)
    assert.match(error.output ?? '', /^no database ␛\[31mx{300}/)
    assert.ok((error.output ?? '').length <= 500)
    return true
  })
})

test('a redirect is not followed, but told', async (t) => {
  const port = await serve(t, (_request, response) => {
    response.writeHead(302, { location: 'http://169.254.169.254/' })
    response.end()
  })
  await assert.rejects(check(t, port, { check: soon }), /redirects to http:\/\/169\.254\.169\.254/)
})

test('an upgrade nobody asked for is a status like another', async (t) => {
  const server = createTcpServer((socket) => {
    socket.on('error', () => undefined).resume()
    socket.end('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n')
  })
  await assert.rejects(check(t, await listen(t, server), { check: soon }), /got status 101/)
})

test('a huge body is not read to its end', async (t) => {
  const port = await serve(t, (_request, response) => {
    response.on('error', () => undefined)
    response.write(Buffer.alloc(1024 * 1024))
  })
  assert.equal((await check(t, port)).attempts, 2)
})

test('a compressed body is taken as it is', async (t) => {
  const port = await serve(t, (_request, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' })
    response.end(gzipSync(Buffer.alloc(10_000_000)))
  })
  assert.equal((await check(t, port)).attempts, 2)
})

const hangs: { name: string; words: RegExp; answer: string | undefined }[] = [
  { name: 'says nothing', words: /connected, but got no answer within/, answer: undefined },
  {
    name: 'stops after its headers',
    words: /got status 200, but not the whole answer within/,
    answer: 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n1',
  },
]

for (const { name, words, answer } of hangs) {
  test(`an app that accepts and ${name} is given up after the time-out`, async (t) => {
    const server = createTcpServer((socket) => {
      socket.on('error', () => undefined)
      if (answer !== undefined) socket.once('data', () => socket.write(answer))
      afterwards(t, () => socket.destroy())
    })
    await assert.rejects(check(t, await listen(t, server), { check: soon }), words)
  })
}

test('nobody at the port is told as such', async (t) => {
  const port = await freePort()
  await assert.rejects(check(t, port, { check: soon }), {
    code: 'unhealthy',
    message: new RegExp(`ECONNREFUSED.*${port}`),
  })
})

test('an app that is up but not for long enough is told so', async (t) => {
  const port = await serve(t, (_request, response) => void response.end())
  await assert.rejects(
    check(t, port, { check: { successes: 1000, within: 100 } }),
    /it answered well, but not 1000 times in a row/,
  )
})

test('a squatter that answers 200 on the port does not count and is named', async (t) => {
  const port = await serve(t, (_request, response) => void response.end())
  const other = spawn('sleep', ['1000'])
  afterwards(t, () => other.kill('SIGKILL'))
  const ownPids = async (): Promise<number[]> => [other.pid ?? 0]
  await assert.rejects(check(t, port, { check: soon, context: { ownPids } }), {
    code: 'unhealthy',
    message: new RegExp(
      `port ${port} is answered by .+ \\(process ${process.pid}\\), which does not belong`,
    ),
  })
})

test('a driver that cannot know whose the listener is makes the proof say so', async (t) => {
  const port = await serve(t, (_request, response) => void response.end())
  const proof = await check(t, port, { context: { ownPids: async () => undefined } })
  assert.equal(proof.ownership, 'not proved')
})

const ends: ServiceState[] = [
  { state: 'failing', restarts: 1, lastEnd: 'exited with 1' },
  { state: 'stopped' },
  { state: 'running', pid: 1, restarts: 1 },
]

for (const end of ends) {
  test(`a process that ended meanwhile (now ${end.state}) fails at once with its last output`, async (t) => {
    const port = await freePort()
    const states: ServiceState[] = [running, running]
    const observe = async (): Promise<ServiceState> => states.shift() ?? end
    await assert.rejects(check(t, port, { context: { observe } }), {
      code: 'start-failed',
      output: 'the last line',
      hint: /`sluice logs shop-1`/,
    })
  })
}

test('an aborted check stops with the reason', async (t) => {
  const controller = new AbortController()
  const port = await freePort()
  const reason = new AppError('aborted', 'stop')
  const report = (): void => controller.abort(reason)
  await assert.rejects(check(t, port, { context: { signal: controller.signal, report } }), {
    code: 'aborted',
  })
})

test('a tcp check asks for no more than a connection', async (t) => {
  const port = await listen(
    t,
    createTcpServer((socket) => void socket.destroy()),
  )
  const tcp: Partial<HealthCheck> = { type: 'tcp' }
  assert.equal((await check(t, port, { check: tcp })).ownership, 'proved')
  const nobody = await freePort()
  await assert.rejects(check(t, nobody, { check: { ...tcp, ...soon } }), /did not connect: /)
})

test('a command check succeeds when its command does', async (t) => {
  const command: Partial<HealthCheck> = {
    type: 'command',
    command: 'echo x >> count; echo not yet; test $(wc -l < count) -ge 3',
  }
  const proof = await check(t, undefined, { check: command })
  assert.equal(proof.attempts, 4)
})

test('a command check that fails or hangs is told with its output', async (t) => {
  const failing: Partial<HealthCheck> = { type: 'command', command: 'echo no; exit 4', within: 20 }
  await assert.rejects(check(t, undefined, { check: failing }), {
    message: /the check command exited with 4/,
    output: 'no',
  })
  const hanging: Partial<HealthCheck> = { type: 'command', command: 'sleep 1000', ...soon }
  await assert.rejects(check(t, undefined, { check: hanging }), /did not end in its time/)
})
