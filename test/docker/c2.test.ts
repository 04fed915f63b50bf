import assert from 'node:assert/strict'
import { existsSync, mkdirSync, realpathSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import test from 'node:test'

import { randomText, runOrFail } from '../../src/system/index.ts'
import { askWeb, waitForAnswer } from '../support/ask-web.ts'
import {
  createDockerCamus2,
  nginxConf,
  nginxTest,
  proxyStartedAt,
  readInProxy,
  takeProxyPorts,
} from '../support/docker-camus2.ts'

// The built c2 with the real Docker engine: the flows of Camus2's own tests, in our words.

/** Compose projects of other people on the same engine must not have the name of a deploy. */
const unique = (name: string): string => `${name}-${randomText(6).toLowerCase()}`

const httpOnly = (...serverNames: string[]): object => ({ serverNames, etype: 'httpOnly' })
const twoEndpoints = { main: httpOnly('main.localhost'), other: httpOnly('other.localhost') }

test('without a proxy, a release whose name has no extension is started by Compose and stopped by any name', async (t) => {
  const it = await createDockerCamus2(t)
  if (it === undefined) return
  const { machine, website, firstPort } = it
  const page = `http://localhost:${firstPort}/testfile.txt`
  const [one, two] = [unique('one'), unique('two')]
  for (const name of [one, two]) {
    website(name, { 'www/testfile.txt': `text of ${name}` }, { port: String(firstPort) })
  }
  machine.succeed('start', one)
  await waitForAnswer(page, { status: 200, body: `text of ${one}` })
  machine.succeed('start', two)
  await waitForAnswer(page, { status: 200, body: `text of ${two}` })
  assert.equal(basename(realpathSync(join(machine.deploys, 'current'))), two)
  machine.succeed('stop', 'release.zip')
  await assert.rejects(askWeb(page))
  assert.equal(existsSync(join(machine.deploys, 'current')), false)
})

test('with the proxy, a release is started, connected, checked, disconnected and stopped', async (t) => {
  const it = await createDockerCamus2(t)
  if (it === undefined) return
  await takeProxyPorts(t)
  const { machine, configureProxy, website } = it
  const source = join(machine.root, 'infra.json')
  writeFileSync(source, JSON.stringify({ greeting: 'from the host' }))
  configureProxy(twoEndpoints, {
    configSources: { infra: { file: source } },
    healthCheck: {
      just: {
        incomingPath: '/health-check',
        outgoingPath: '/testfile.txt',
        endpoint: { just: 'other' },
      },
    },
  })
  const label = unique('shop')
  website(
    `${label}.zip`,
    {
      'www/testfile.txt.tpl': '{{infra.greeting}}, {{own.name}}',
      'own.json': JSON.stringify({ name: 'from the release' }),
    },
    { templates: ['www/testfile.txt.tpl'], configSources: { own: 'own.json' } },
  )
  const body = 'from the host, from the release'
  machine.succeed('start', `${label}.zip`)
  assert.equal(await proxyStartedAt(), undefined)

  machine.succeed('connect', 'main', label)
  await waitForAnswer('http://main.localhost/testfile.txt', { status: 200, body })
  await waitForAnswer('http://other.localhost/testfile.txt', { status: 503 })
  machine.succeed('connect', 'other', label)
  await waitForAnswer('http://other.localhost/testfile.txt', { status: 200, body })
  await waitForAnswer('http://10.1.2.3/health-check', { status: 200, body })
  await waitForAnswer('http://10.1.2.3/testfile.txt', { status: 404 })
  const status = machine.succeed('status')
  assert.match(status, new RegExp(`\n  main: \\(main\\.localhost:80\\) -> ${label}\n`))

  for (const endpoint of ['main', 'other']) {
    machine.succeed('disconnect', endpoint)
    await waitForAnswer(`http://${endpoint}.localhost/testfile.txt`, { status: 503 })
  }
  machine.succeed('stop', label)
  assert.deepEqual(machine.state(), { deploys: {}, connections: {} })
  machine.succeed('shutdown-frontend-proxy')
  assert.equal(await proxyStartedAt(), undefined)
  await assert.rejects(askWeb('http://main.localhost/'))
})

test('two deploys of one release change places, while the proxy stays the same container with the same file', async (t) => {
  const it = await createDockerCamus2(t)
  if (it === undefined) return
  await takeProxyPorts(t)
  const { machine, configureProxy, website, firstPort } = it
  configureProxy(twoEndpoints)
  const labels = [unique('deploy1'), unique('deploy2')] as const
  const files = { 'www/port.txt.tpl': '{{ports.http}}' }
  website('release.zip', files, { templates: ['www/port.txt.tpl'] })
  for (const label of labels) machine.succeed('start', 'release.zip', label)
  const page = 'http://main.localhost/port.txt'
  machine.succeed('connect', 'main', labels[0])
  await waitForAnswer(page, { status: 200, body: String(firstPort) })
  const inode = (): number => statSync(join(machine.deploys, 'frontend-proxy/nginx.conf')).ino
  const [startedAt, before] = [await proxyStartedAt(), inode()]

  machine.succeed('connect', 'main', labels[1])
  await waitForAnswer(page, { status: 200, body: String(firstPort + 1) })
  assert.equal(inode(), before)
  assert.equal(await proxyStartedAt(), startedAt)
  assert.equal(await readInProxy('/etc/nginx/nginx.conf'), nginxConf(machine))

  const refused = machine.c2('stop', labels[1])
  assert.equal(refused.status, 1)
  assert.match(refused.stdout, /Exception: deploy is connected to main\n$/)
  await waitForAnswer(page, { status: 200, body: String(firstPort + 1) })

  // A label that is started again moves to another port, and the proxy with it.
  machine.succeed('start', 'release.zip', labels[1])
  await waitForAnswer(page, { status: 200, body: String(firstPort + 2) })
  machine.succeed('stop', labels[0])
  machine.succeed('disconnect', 'main')
  machine.succeed('stop', labels[1])
})

test('https endpoints redirect, serve challenges and their own certificate; without one they say 503', async (t) => {
  const it = await createDockerCamus2(t)
  if (it === undefined) return
  await takeProxyPorts(t)
  const { machine, configureProxy, website } = it
  const pair = await createCertificate(join(machine.root, 'le/etc/letsencrypt'))
  const etype = { httpsWithRedirect: { explicit: pair } }
  configureProxy({
    main: { serverNames: ['s.localhost'], etype },
    wait: { serverNames: ['w.localhost'], etype: { httpsWithRedirect: 'generated' } },
  })
  const challenges = join(machine.root, 'www/.well-known/acme-challenge')
  mkdirSync(challenges, { recursive: true })
  writeFileSync(join(challenges, 'token'), 'the answer')
  const label = unique('secure')
  website(`${label}.zip`, { 'www/testfile.txt': 'a secret' })
  machine.succeed('start', `${label}.zip`)
  machine.succeed('restart-frontend-proxy')
  await waitForAnswer('https://s.localhost/testfile.txt', { status: 503 })

  machine.succeed('connect', 'main', label)
  machine.succeed('connect', 'wait', label)
  await waitForAnswer('https://s.localhost/testfile.txt', { status: 200, body: 'a secret' })
  const location = 'https://s.localhost/p?q'
  await waitForAnswer('http://s.localhost/p?q', { status: 301, location })
  for (const name of ['s', 'w']) {
    const url = `http://${name}.localhost/.well-known/acme-challenge/token`
    await waitForAnswer(url, { status: 200, body: 'the answer' })
  }
  await waitForAnswer('http://w.localhost/testfile.txt', { status: 503 })
  await nginxTest()
  machine.succeed('disconnect', 'main')
  machine.succeed('disconnect', 'wait')
  machine.succeed('stop', label)
  machine.succeed('shutdown-frontend-proxy')
})

async function createCertificate(
  folder: string,
): Promise<{ sslCertificate: string; sslCertificateKey: string }> {
  mkdirSync(folder, { recursive: true })
  const [sslCertificate, sslCertificateKey] = [join(folder, 's.pem'), join(folder, 's.key')]
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const files = ['-keyout', sslCertificateKey, '-out', sslCertificate]
  const subject = ['-subj', '/CN=s.localhost', '-days', '2']
  await runOrFail(['openssl', 'req', '-x509', ...kind, ...subject, ...files])
  return { sslCertificate, sslCertificateKey }
}
