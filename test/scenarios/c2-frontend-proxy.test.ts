import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { runOrFail, sendSignal } from '../../src/system/index.ts'
import { afterwards } from '../support/afterwards.ts'
import { createCamus2Machine, type Camus2Machine } from '../support/camus2-machine.ts'
import { freePort } from '../support/free-port.ts'
import { toolOrSkip } from '../support/tools.ts'
import { waitUntil } from '../support/wait-until.ts'

// The built c2 with a fake docker that runs a real nginx on the nginx.conf which c2 wrote.

interface Answer {
  readonly status: number
  readonly body: string
  readonly location?: string
}

interface Web {
  readonly machine: Camus2Machine
  /** Status and body of a request by its Host. */
  readonly ask: (host: string, path: string) => Promise<Answer>
}

const main = { serverNames: ['a.example'], etype: 'httpOnly' }
const secure = { serverNames: ['s.example'], etype: { httpsWithRedirect: 'generated' } }

async function web(
  t: TestContext,
  endPoints: Record<string, unknown>,
  more: Record<string, unknown> = {},
): Promise<Web | undefined> {
  const nginx = await toolOrSkip(t, 'nginx')
  if (nginx === undefined) return undefined
  const machine = createCamus2Machine(t)
  const port = await freePort()
  const first = await freePort()
  Object.assign(machine.env, {
    FAKE_NGINX: nginx,
    FAKE_HTTP_PORT: String(port),
    FAKE_HTTPS_PORT: String(await freePort()),
  })
  const dynamicPortRange = { v1: first, v2: first + 10 }
  machine.configure({ deployMode: { proxy: { endPoints, dynamicPortRange } }, ...more })
  afterwards(t, () => machine.c2('shutdown-frontend-proxy'))
  return { machine, ask: (host, path) => ask(port, host, path) }
}

/** A release whose web server answers its own label and what it was asked. */
function serverRelease(machine: Camus2Machine, name: string): void {
  const server = `
    require('http').createServer((request, response) => {
      response.end('${name} ' + request.url + ' ' + request.headers.host + ' ' + request.headers['x-forwarded-proto'])
    }).listen({{ports.http}}, '127.0.0.1')`
  machine.release(
    `${name}.zip`,
    {
      templates: ['server.js.tpl'],
      startCommand: `'${process.execPath}' server.js > log 2>&1 < /dev/null & echo $! > pid`,
      stopCommand: 'kill $(cat pid)',
    },
    { 'server.js.tpl': server },
  )
}

/** Ends the server of a deploy, whether c2 would stop it or not. */
function endServer(machine: Camus2Machine, name: string): void {
  sendSignal(Number(machine.read(`deploys/${name}/pid`)), 'SIGKILL')
}

test('endpoints answer 503 until they are connected, then what is connected, and 503 again', async (t) => {
  const it = await web(t, { main, other: { serverNames: ['o.example'], etype: 'httpOnly' } })
  if (it === undefined) return
  const { machine } = it
  for (const name of ['one', 'two']) {
    serverRelease(machine, name)
    machine.succeed('start', `${name}.zip`)
    afterwards(t, () => endServer(machine, name))
  }
  machine.succeed('restart-frontend-proxy')
  await until(it, 'a.example', '/', { status: 503 })
  machine.succeed('connect', 'main', 'one')
  await until(it, 'a.example', '/x?y', { status: 200, body: 'one /x?y a.example http' })
  await until(it, 'o.example', '/', { status: 503 })
  machine.succeed('connect', 'main', 'two')
  await until(it, 'a.example', '/', { status: 200, body: 'two / a.example http' })
  machine.succeed('disconnect', 'main')
  await until(it, 'a.example', '/', { status: 503 })
})

test('a load balancer is answered by address on the health path only', async (t) => {
  const it = await web(t, { main })
  if (it === undefined) return
  const { machine } = it
  serverRelease(machine, 'one')
  machine.succeed('start', 'one.zip')
  afterwards(t, () => endServer(machine, 'one'))
  machine.succeed('connect', 'main', 'one')
  const body = `one / 10.0.0.1 http`
  await until(it, '10.0.0.1', '/health-check', { status: 200, body })
  await until(it, '10.0.0.1', '/other', { status: 404 })
})

test('without a health check there is no default server', async (t) => {
  const it = await web(t, { main }, { healthCheck: 'nothing' })
  if (it === undefined) return
  it.machine.succeed('restart-frontend-proxy')
  assert.doesNotMatch(it.machine.read('deploys/frontend-proxy/nginx.conf'), /default_server/)
})

test('https without a certificate serves challenges and 503, and redirects once there is one', async (t) => {
  const it = await web(t, { secure }, { autoCertContactEmail: 'ops@example.com' })
  if (it === undefined) return
  const { machine } = it
  const challenges = join(machine.root, 'www/.well-known/acme-challenge')
  mkdirSync(challenges, { recursive: true })
  writeFileSync(join(challenges, 'token'), 'the answer')
  machine.release('app.zip')
  machine.succeed('start', 'app.zip')
  machine.succeed('connect', 'secure', 'app')
  const challenge = '/.well-known/acme-challenge/token'
  await until(it, 's.example', challenge, { status: 200, body: 'the answer' })
  await until(it, 's.example', '/', { status: 503 })
  await createCertificate(machine.docker)
  machine.env['FAKE_CERTIFICATE'] = join(machine.root, 'le/etc/letsencrypt/live/camus2cert')
  machine.succeed('generate-ssl-certificate')
  await until(it, 's.example', '/p?q', { status: 301, location: 'https://s.example/p?q' })
  await until(it, 's.example', challenge, { status: 200, body: 'the answer' })
  machine.succeed('disconnect', 'secure')
  await until(it, 's.example', '/', { status: 503 })
  assert.match(machine.read('deploys/frontend-proxy/nginx.conf'), /listen 443 ssl[^}]*return 503/)
})

test('the default template that is printed renders what c2 itself writes', async (t) => {
  const it = await web(t, { main, secure })
  if (it === undefined) return
  const { machine } = it
  machine.succeed('restart-frontend-proxy')
  const own = machine.read('deploys/frontend-proxy/nginx.conf')
  const template = join(machine.root, 'default.tpl')
  writeFileSync(template, machine.succeed('show-default-nginx-config'))
  const endPoints = { main, secure }
  const nginxConfTemplatePath = { just: template }
  machine.configure({ deployMode: { proxy: { endPoints, nginxConfTemplatePath } } })
  machine.succeed('restart-frontend-proxy')
  assert.equal(machine.read('deploys/frontend-proxy/nginx.conf'), own)
  assert.equal(readFileSync(join(machine.docker, 'mounted.conf'), 'utf8'), own)
})

/** Waits for an answer: after a reload of plain nginx its old workers may take a few more requests. */
async function until(
  it: Web,
  host: string,
  path: string,
  expected: { status: number; body?: string; location?: string },
): Promise<void> {
  await waitUntil(async () => {
    const answer = await it.ask(host, path)
    return Object.entries({ ...answer, ...expected }).every(
      ([name, value]) => answer[name as keyof typeof answer] === value,
    )
  }, `${expected.status} from ${host}${path}`)
}

async function createCertificate(folder: string): Promise<void> {
  const files = ['-keyout', join(folder, 'privkey.pem'), '-out', join(folder, 'fullchain.pem')]
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const subject = ['-subj', '/CN=s.example', '-days', '2']
  await runOrFail(['openssl', 'req', '-x509', ...kind, ...subject, ...files])
}

function ask(port: number, host: string, path: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { port, host: '127.0.0.1', path, headers: { host }, agent: false }
    get(options, (response) => {
      let body = ''
      response.on('data', (chunk: Buffer) => (body += chunk.toString()))
      response.on('end', () => {
        const { location } = response.headers
        const answer = { status: response.statusCode ?? 0, body }
        resolve(location === undefined ? answer : { ...answer, location })
      })
    }).on('error', reject)
  })
}
