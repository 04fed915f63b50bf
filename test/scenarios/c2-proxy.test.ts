import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { createCamus2Machine, proxyMode, type Camus2Machine } from '../support/camus2-machine.ts'

function proxyMachine(t: TestContext, more: Record<string, unknown> = {}): Camus2Machine {
  const machine = createCamus2Machine(t)
  machine.configure({ ...proxyMode(), ...more })
  return machine
}

test('ports are the smallest free ones, and templates see five of them', (t) => {
  const machine = proxyMachine(t)
  const templates = ['p.tpl']
  machine.release(
    'app.zip',
    { templates },
    { 'p.tpl': '{{ports.http}} {{ports.extra1}} {{ports.extra4}}' },
  )
  for (const label of ['a', 'b', 'c']) machine.succeed('start', 'app.zip', label)
  assert.deepEqual(ports(machine), { a: 8000, b: 8001, c: 8002 })
  assert.equal(machine.read('deploys/b/p'), '8001 8101 8401')
  machine.succeed('stop', 'b')
  machine.succeed('start', 'app.zip', 'd')
  assert.equal(ports(machine)['d'], 8001)
})

test('a full range of ports fails and changes nothing', (t) => {
  const machine = createCamus2Machine(t)
  machine.configure(proxyMode({ dynamicPortRange: { v1: 9000, v2: 9001 } }))
  machine.release('app.zip')
  machine.succeed('start', 'app.zip', 'a')
  const before = machine.read('deploys/frontend-proxy/state.json')
  const { status, stdout } = machine.c2('start', 'app.zip', 'b')
  assert.equal(status, 1)
  assert.match(stdout, /Exception: no more ports available\n$/)
  assert.equal(machine.read('deploys/frontend-proxy/state.json'), before)
  assert.equal(existsSync(join(machine.deploys, 'b')), false)
})

test('state.json holds the keys of Camus2 only, and plain starts do not touch docker', (t) => {
  const machine = proxyMachine(t)
  machine.release('app-1.2.zip')
  machine.succeed('start', 'app-1.2.zip')
  assert.equal(
    machine.read('deploys/frontend-proxy/state.json'),
    '{"deploys":{"app-1.2":{"label":"app-1.2","release":"app-1.2.zip","port":8000}},"connections":{}}',
  )
  assert.deepEqual(machine.dockerCalls(), [])
})

test('a start of a connected label moves it to another port, and nginx.conf follows', (t) => {
  const machine = proxyMachine(t)
  machine.release('app.zip', {
    stopCommand: `echo stopped >> ${machine.root}/order`,
    startCommand: `echo started >> ${machine.root}/order`,
  })
  machine.succeed('start', 'app.zip')
  machine.succeed('connect', 'main', 'app')
  assert.match(
    machine.read('deploys/frontend-proxy/nginx.conf'),
    /proxy_pass http:\/\/localhost:8000;/,
  )
  machine.succeed('start', 'app.zip')
  assert.deepEqual(machine.state().deploys['app']?.port, 8001)
  assert.match(
    machine.read('deploys/frontend-proxy/nginx.conf'),
    /proxy_pass http:\/\/localhost:8001;/,
  )
  assert.doesNotMatch(machine.read('deploys/frontend-proxy/nginx.conf'), /8000/)
  assert.equal(machine.read('order'), 'started\nstopped\nstarted\n')
})

test('a connected deploy is not stopped', (t) => {
  const machine = proxyMachine(t)
  machine.release('app.zip', { stopCommand: `touch ${machine.root}/stopped` })
  machine.succeed('start', 'app.zip')
  machine.succeed('connect', 'main', 'app')
  const before = machine.read('deploys/frontend-proxy/state.json')
  const { status, stdout } = machine.c2('stop', 'app')
  assert.equal(status, 1)
  assert.match(stdout, /Exception: deploy is connected to main\n$/)
  assert.equal(machine.read('deploys/frontend-proxy/state.json'), before)
  assert.equal(existsSync(join(machine.root, 'stopped')), false)
  machine.succeed('disconnect', 'main')
  machine.succeed('stop', 'app')
  assert.equal(existsSync(join(machine.root, 'stopped')), true)
  assert.equal(existsSync(join(machine.deploys, 'app')), false)
  assert.deepEqual(machine.state(), { deploys: {}, connections: {} })
})

test('labels that are no directory of their own are refused', (t) => {
  const machine = proxyMachine(t)
  machine.release('app.zip')
  for (const label of [
    'a/b',
    '',
    '.',
    '..',
    'current',
    'frontend-proxy',
    '.sluice',
    '.removed.1.1',
  ]) {
    const { status, stdout } = machine.c2('start', 'app.zip', label)
    assert.equal(status, 1, label)
    assert.match(stdout, /cannot be the label of a deploy/)
  }
})

test('a label in state.json that leads elsewhere is never stopped or removed', (t) => {
  const machine = proxyMachine(t)
  machine.release('app.zip')
  machine.succeed('start', 'app.zip')
  const label = '../deploys/app/..'
  const state = { deploys: { [label]: { label, release: 'app.zip', port: 8000 } }, connections: {} }
  writeFileSync(join(machine.deploys, 'frontend-proxy/state.json'), JSON.stringify(state))
  assert.match(machine.c2('stop', label).stdout, /cannot be the label of a deploy/)
  assert.equal(existsSync(join(machine.deploys, 'app/release.json')), true)
})

test('nginx.conf keeps its inode across connects, and its context has no null', (t) => {
  const machine = proxyMachine(t)
  machine.release('app.zip')
  machine.succeed('start', 'app.zip', 'a')
  machine.succeed('start', 'app.zip', 'a-much-longer-label')
  machine.succeed('connect', 'main', 'a')
  const conf = join(machine.deploys, 'frontend-proxy/nginx.conf')
  const { ino } = statSync(conf)
  machine.succeed('connect', 'main', 'a-much-longer-label')
  machine.succeed('connect', 'test', 'a')
  machine.succeed('disconnect', 'test')
  assert.equal(statSync(conf).ino, ino)
  assert.equal(existsSync(`${conf}.next`), false)
  const context = machine.read('deploys/frontend-proxy/nginx.ctx.json')
  assert.doesNotMatch(context, /null/)
  assert.equal(JSON.parse(context).endPoints.length, 2)
  const reload = ['compose up -d', 'kill --signal=SIGHUP frontendproxy']
  assert.deepEqual(machine.dockerCalls(), [...reload, ...reload, ...reload, ...reload])
})

test('status is the text of Camus2 byte for byte', (t) => {
  const machine = createCamus2Machine(t)
  const https = {
    serverNames: ['a.example', 'www.a.example'],
    etype: { httpsWithRedirect: 'generated' },
  }
  const http = { serverNames: ['t.example'], etype: 'httpOnly' }
  machine.configure({ deployMode: { proxy: { endPoints: { test: http, main: https } } } })
  machine.release('app-1.2.zip')
  machine.release('same')
  machine.succeed('start', 'app-1.2.zip')
  machine.succeed('start', 'same')
  machine.succeed('connect', 'main', 'app-1.2')
  const rule = '-'.repeat(21)
  const text = `${rule}MASTER${'-'.repeat(43)}
Endpoints:
  main: (a.example:80,443, www.a.example:80,443) -> app-1.2
  test: (t.example:80) -> (not connected)

Deploys:
  app-1.2 (app-1.2.zip): (localhost:8000)
  same: (localhost:8001)
`
  assert.equal(machine.succeed('status'), text)
  assert.equal(
    machine.succeed('status', '--show-slaves'),
    `${text}${rule}SLAVES${'-'.repeat(43)}\n`,
  )
  const json = machine.succeed('status', '--json-output', '--show-slaves')
  assert.deepEqual(JSON.parse(json), { master: machine.state(), slaves: [] })
  assert.match(json, /^\{\n {4}"master": \{\n {8}"deploys"/)
})

test('a stand-alone docker-compose is used where docker has no plugin', (t) => {
  const machine = proxyMachine(t)
  const calls = join(machine.docker, 'calls')
  machine.release('app.zip')
  machine.succeed('start', 'app.zip')
  machine.succeed('connect', 'main', 'app')
  assert.deepEqual(machine.dockerCalls()[0], 'compose up -d')
  const standalone = `#!/bin/sh\nprintf '%s\\tstandalone %s\\n' "$(pwd)" "$*" >> ${calls}\n`
  writeFileSync(join(machine.root, 'tools/docker-compose'), standalone, { mode: 0o755 })
  machine.succeed('restart-frontend-proxy')
  assert.equal(machine.dockerCalls().includes('standalone up -d'), false)
  writeFileSync(join(machine.docker, 'no-plugin'), '')
  machine.succeed('restart-frontend-proxy')
  machine.succeed('shutdown-frontend-proxy')
  assert.equal(machine.dockerCalls().includes('standalone up -d'), true)
  assert.equal(machine.dockerCalls().at(-1), 'standalone kill')
  const folder = join(machine.deploys, 'frontend-proxy')
  for (const line of readFileSync(calls, 'utf8').trimEnd().split('\n')) {
    if (/\t(standalone|compose up|kill)/.test(line)) assert.equal(line.split('\t')[0], folder)
  }
})

test('a failing docker fails the command and leaves the state', (t) => {
  const machine = proxyMachine(t)
  machine.release('app.zip')
  machine.succeed('start', 'app.zip')
  machine.succeed('connect', 'main', 'app')
  writeFileSync(join(machine.docker, 'fail-kill'), '')
  const { status, stdout } = machine.c2('disconnect', 'main')
  assert.equal(status, 1)
  assert.match(
    stdout,
    /Exception: callCommand: docker kill --signal=SIGHUP frontendproxy \(exit 7\): failed\n$/,
  )
  assert.deepEqual(machine.state().connections, { main: 'app' })
})

test('the reload signal may fail for a container that was only just created', (t) => {
  const machine = proxyMachine(t)
  machine.release('app.zip')
  machine.succeed('start', 'app.zip')
  writeFileSync(join(machine.docker, 'fail-kill'), '')
  machine.succeed('connect', 'main', 'app')
  assert.deepEqual(machine.state().connections, { main: 'app' })
})

test('a failing start leaves the deploy out of the state, and the next start works', (t) => {
  const machine = proxyMachine(t)
  machine.release('app.zip', { startCommand: `test -e ${machine.root}/works` })
  assert.equal(machine.c2('start', 'app.zip').status, 1)
  assert.equal(machine.succeed('status').includes('localhost'), false)
  writeFileSync(join(machine.root, 'works'), '')
  machine.succeed('start', 'app.zip')
  assert.deepEqual(ports(machine), { app: 8000 })
})

test('a deploy whose directory is gone counts as destroyed, with a warning', (t) => {
  const machine = proxyMachine(t)
  machine.release('app.zip')
  machine.succeed('start', 'app.zip')
  rmSync(join(machine.deploys, 'app'), { recursive: true })
  assert.match(machine.succeed('stop', 'app'), /Warning: .*does not exist/)
  assert.deepEqual(machine.state().deploys, {})
})

test('restart writes everything again, and shutdown kills the container', (t) => {
  const machine = proxyMachine(t)
  machine.release('app.zip')
  machine.succeed('start', 'app.zip')
  machine.succeed('connect', 'main', 'app')
  writeFileSync(join(machine.deploys, 'frontend-proxy/nginx.conf'), 'spoiled by hand')
  machine.succeed('restart-frontend-proxy')
  assert.match(machine.read('deploys/frontend-proxy/nginx.conf'), /localhost:8000/)
  machine.succeed('shutdown-frontend-proxy')
  assert.equal(machine.dockerCalls().at(-1), 'compose kill')
  assert.equal(existsSync(join(machine.docker, 'container')), false)
})

test('a template of the operator gets the same context, HTML-escaped, partials beside it', (t) => {
  const machine = createCamus2Machine(t)
  const template = join(machine.root, 'etc/my.conf.tpl')
  writeFileSync(
    template,
    '{{#endPoints}}{{#http}}{{>name}};{{/http}}{{/endPoints}}{{healthCheck.outgoingPort}}',
  )
  writeFileSync(join(machine.root, 'etc/name'), '{{serverNames}}:{{port}}')
  machine.configure({
    deployMode: {
      proxy: {
        endPoints: { main: { serverNames: ['~^(?<x>a)$'], etype: 'httpOnly' } },
        nginxConfTemplatePath: { just: template },
      },
    },
  })
  machine.release('app.zip')
  machine.succeed('start', 'app.zip')
  machine.succeed('connect', 'main', 'app')
  assert.equal(machine.read('deploys/frontend-proxy/nginx.conf'), '~^(?&lt;x&gt;a)$:8000;8000')
})

test('one certificate is asked for all generated names, and nginx reads it afterwards', (t) => {
  const machine = createCamus2Machine(t)
  const endPoints = {
    b: generated('b.example'),
    a: generated('a.example'),
    c: { serverNames: ['c.example'], etype: 'httpOnly' },
  }
  const deployMode = { proxy: { endPoints } }
  machine.configure({ deployMode })
  const refused = machine.c2('generate-ssl-certificate')
  assert.equal(refused.status, 1)
  assert.match(refused.stdout, /Exception: Need autoCertContactEmail specified in the config\n$/)
  assert.equal(
    machine.dockerCalls().some((call) => call.startsWith('run ')),
    false,
  )
  machine.configure({ deployMode, autoCertContactEmail: 'ops@example.com' })
  machine.env['FAKE_CERTIFICATE'] = join(machine.root, 'le/etc/letsencrypt/live/camus2cert')
  for (const file of ['fullchain.pem', 'privkey.pem']) writeFileSync(join(machine.docker, file), '')
  machine.succeed('generate-ssl-certificate')
  const runs = machine.dockerCalls().filter((call) => call.startsWith('run '))
  assert.equal(runs.length, 1)
  assert.match(
    runs[0] ?? '',
    /certbot\/certbot certonly --cert-name camus2cert .* -m ops@example\.com /,
  )
  assert.match(runs[0] ?? '', /-d a\.example -d www\.a\.example -d b\.example -d www\.b\.example$/)
  assert.match(machine.read('deploys/frontend-proxy/nginx.conf'), /listen 443 ssl/)
  assert.equal(machine.dockerCalls().at(-1), 'kill --signal=SIGHUP frontendproxy')
})

test('no generated name means no certificate and success', (t) => {
  const machine = proxyMachine(t, { autoCertContactEmail: 'ops@example.com' })
  assert.match(
    machine.succeed('generate-ssl-certificate'),
    /\.No servers requiring a certificate\n/,
  )
})

test('completion offers commands, options, releases, labels and endpoints', (t) => {
  const machine = proxyMachine(t)
  machine.release('app-1.zip')
  machine.release('other.zip')
  for (const label of ['app-1', 'apple', 'pear']) machine.succeed('start', 'app-1.zip', label)
  const complete = (...words: string[]): string[] => {
    const asked = words.flatMap((word) => ['--bash-completion-word', word])
    const index = String(words.length - 1)
    return machine
      .succeed('--bash-completion-index', index, ...asked)
      .split('\n')
      .slice(0, -1)
  }
  assert.deepEqual(complete('c2', 'stop', 'ap'), ['app-1', 'apple'])
  assert.deepEqual(complete('c2', 'connect', ''), ['main', 'test', '--help'])
  assert.deepEqual(complete('c2', 'connect', 'main', 'p'), ['pear'])
  assert.deepEqual(complete('c2', 'start', 'o'), ['other.zip'])
  assert.deepEqual(complete('c2', 'status', '--j'), ['--json-output'])
  assert.deepEqual(complete('c2', 'sta'), ['status', 'start'])
  assert.deepEqual(complete('c2', 'slave-update', '--repeat', ''), [])
  assert.deepEqual(complete('c2', 'unpack', 'app-1.zip', '../e'), ['../etc'])
  assert.deepEqual(complete('c2', 'expand-template', '../etc/'), ['../etc/camus2.json'])
  assert.deepEqual(complete('c2', 'nonsense', ''), [])
  const enriched = machine.succeed(
    '--bash-completion-enriched',
    '--bash-completion-index',
    '1',
    '--bash-completion-word',
    'c2',
    '--bash-completion-word',
    'disc',
  )
  assert.equal(enriched, 'disconnect\tDisconnect an endpoint\n')
})

test('completion is quiet when there is nothing to read', (t) => {
  const machine = createCamus2Machine(t)
  rmSync(join(machine.root, 'etc/camus2.json'))
  const { stdout, stderr } = machine.c2(
    '--bash-completion-index',
    '2',
    '--bash-completion-word',
    'c2',
    '--bash-completion-word',
    'stop',
  )
  assert.deepEqual([stdout, stderr], ['', ''])
})

test('the script for bash completes in a real bash', (t) => {
  const machine = proxyMachine(t)
  machine.release('app-1.zip')
  machine.succeed('start', 'app-1.zip')
  assert.match(machine.succeed('--bash-completion-script', 'c2'), /complete -o filenames -F _c2 c2/)
  const script = machine.succeed('--bash-completion-script', machine.program)
  const asked = `${script}\nCOMP_WORDS=(c2 stop a); COMP_CWORD=2; _c2; printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout } = spawnSync('bash', ['-c', asked], { env: machine.env, encoding: 'utf8' })
  assert.equal(stdout, 'app-1\n')
})

test('the scripts for zsh and fish ask for descriptions', (t) => {
  const machine = createCamus2Machine(t)
  for (const shell of ['zsh', 'fish']) {
    const script = machine.succeed(`--${shell}-completion-script`, '/opt/bin/c2')
    assert.match(script, /\/opt\/bin\/c2 /)
    assert.match(script, /--bash-completion-enriched/)
  }
})

function generated(name: string): unknown {
  return { serverNames: [name, `www.${name}`], etype: { httpsWithRedirect: 'generated' } }
}

function ports(machine: Camus2Machine): Record<string, number> {
  return Object.fromEntries(
    Object.entries(machine.state().deploys).map(([label, { port }]) => [label, port]),
  )
}
