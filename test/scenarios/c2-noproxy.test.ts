import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  lstatSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import { createCamus2Machine, releaseJson, type Camus2Machine } from '../support/camus2-machine.ts'

/** A release whose commands write into `order` what they are, and what `current` is at that time. */
function orderedRelease(machine: Camus2Machine, name: string): void {
  const say = (what: string): string =>
    `echo "${what}(${name}) $(basename "$(readlink ${machine.deploys}/current)")" >> ${machine.root}/order`
  machine.release(`${name}.zip`, {
    prestartCommand: say('prestart'),
    startCommand: say('start'),
    stopCommand: say('stop'),
  })
}

test('without a proxy the old release stops before the new one starts, which is current by then', (t) => {
  const machine = createCamus2Machine(t)
  for (const name of ['a', 'b']) orderedRelease(machine, name)
  machine.succeed('start', 'a.zip')
  machine.succeed('start', 'b.zip')
  assert.deepEqual(machine.read('order').trimEnd().split('\n'), [
    'prestart(a) ',
    'start(a) a',
    'prestart(b) a',
    'stop(a) a',
    'start(b) b',
  ])
  assert.equal(readlinkSync(join(machine.deploys, 'current')), join(machine.deploys, 'b'))
})

test('stop stops whatever is current and removes only the link', (t) => {
  const machine = createCamus2Machine(t)
  orderedRelease(machine, 'a')
  machine.succeed('start', 'a.zip')
  machine.succeed('stop', 'anything.zip')
  assert.match(machine.read('order'), /stop\(a\) a\n$/)
  assert.equal(existsSync(join(machine.deploys, 'current')), false)
  assert.equal(existsSync(join(machine.deploys, 'a/release.json')), true)
  machine.succeed('stop', 'anything.zip')
  assert.equal(machine.read('order').match(/stop/g)?.length, 1)
  assert.equal(existsSync(join(machine.deploys, 'frontend-proxy')), false)
})

test('commands run in the real directory, with all of the environment, their output live between the log lines', (t) => {
  const machine = createCamus2Machine(t)
  machine.env['OF_THE_OPERATOR'] = 'kept'
  machine.release('a.zip', { startCommand: 'echo "$PWD $OF_THE_OPERATOR"; echo "to stderr" >&2' })
  const { stdout, stderr } = machine.c2('start', 'a.zip')
  assert.match(stdout, new RegExp(`Starting new release\n${machine.deploys}/a kept\n$`))
  assert.equal(stderr, 'to stderr\n')
  assert.doesNotMatch(machine.read('camus2.log'), /kept/)
})

test('a failing stop leaves the old link, a failing start the new one, and c2 ends with 1', (t) => {
  const machine = createCamus2Machine(t)
  machine.release('a.zip', { stopCommand: `test -e ${machine.root}/may-stop` })
  machine.release('b.zip', { startCommand: 'exit 3' })
  machine.succeed('start', 'a.zip')
  const stopFailed = machine.c2('start', 'b.zip')
  assert.equal(stopFailed.status, 1)
  assert.match(stopFailed.stdout, /Exception: callCommand: test -e \S+ \(exit 1\): failed\n$/)
  assert.equal(readlinkSync(join(machine.deploys, 'current')), join(machine.deploys, 'a'))
  writeFileSync(join(machine.root, 'may-stop'), '')
  assert.match(machine.c2('start', 'b.zip').stdout, /callCommand: exit 3 \(exit 3\): failed\n$/)
  assert.equal(readlinkSync(join(machine.deploys, 'current')), join(machine.deploys, 'b'))
})

test('a dangling current is replaced', (t) => {
  const machine = createCamus2Machine(t)
  machine.release('a.zip')
  symlinkSync(join(machine.deploys, 'gone'), join(machine.deploys, 'current'))
  machine.succeed('start', 'a.zip')
  assert.equal(readlinkSync(join(machine.deploys, 'current')), join(machine.deploys, 'a'))
})

test('a directory in the place of current is found before anything is stopped', (t) => {
  const machine = createCamus2Machine(t)
  machine.release('a.zip', { prestartCommand: `touch ${machine.root}/ran` })
  mkdirSync(join(machine.deploys, 'current'))
  const { status, stdout } = machine.c2('start', 'a.zip')
  assert.equal(status, 1)
  assert.match(stdout, /Exception: \S+current is not a link/)
  assert.equal(existsSync(join(machine.root, 'ran')), false)
})

test('expand-template writes to standard output when told to', (t) => {
  const machine = createCamus2Machine(t)
  writeFileSync(join(machine.root, 'in'), 'the text\n')
  const line = `${machine.program} expand-template ${machine.root}/in /dev/stdout | cat`
  const { stdout } = spawnSync('/bin/sh', ['-c', line], { env: machine.env, encoding: 'utf8' })
  assert.equal(stdout, 'the text\n')
  assert.equal(lstatSync('/dev/stdout').isSymbolicLink(), true)
})

test('a release without an extension gets the directory of its whole name', (t) => {
  const machine = createCamus2Machine(t)
  machine.release('123e4567-e89b', {})
  machine.succeed('start', '123e4567-e89b')
  assert.equal(existsSync(join(machine.deploys, '123e4567-e89b/release.json')), true)
})

test('a missing release fails and changes nothing', (t) => {
  const machine = createCamus2Machine(t)
  const { status, stdout } = machine.c2('start', 'gone.zip')
  assert.equal(status, 1)
  assert.match(
    stdout,
    new RegExp(
      `Exception: Release gone.zip does not exist in release store at ${machine.root}/releases`,
    ),
  )
  assert.equal(existsSync(join(machine.deploys, 'current')), false)
})

test('a template is rendered beside itself, and the value of the configuration wins', (t) => {
  const machine = createCamus2Machine(t)
  writeFileSync(join(machine.root, 'infra.json'), '{"name": "of the host & <more>"}')
  machine.configure({ configSources: { infra: { file: join(machine.root, 'infra.json') } } })
  machine.release(
    'a.zip',
    {
      templates: ['conf/app.ini.tpl', 'plain.tpl'],
      configSources: { infra: 'own.json', own: 'own.json' },
    },
    {
      'conf/app.ini.tpl':
        '{{infra.name}}|{{{infra.name}}}|{{own.name}}|{{missing}}|{{ports.http}}|',
      'plain.tpl': '{{> conf/part}}',
      'conf/part': 'part of {{own.name}}',
      'own.json': '{"name": "of the release"}',
    },
  )
  machine.succeed('start', 'a.zip')
  assert.equal(
    machine.read('deploys/a/conf/app.ini'),
    'of the host &amp; &lt;more&gt;|of the host & <more>|of the release|||',
  )
  assert.equal(machine.read('deploys/a/plain'), 'part of of the release')
  assert.equal(existsSync(join(machine.deploys, 'a/conf/app.ini.tpl')), true)
  assert.equal(existsSync(join(machine.deploys, 'a/a.zip')), true)
})

test('a missing partial stops the start before any command', (t) => {
  const machine = createCamus2Machine(t)
  machine.release(
    'a.zip',
    { templates: ['x.tpl'], prestartCommand: `touch ${machine.root}/ran` },
    { 'x.tpl': '{{#no}}{{>gone}}{{/no}}' },
  )
  assert.match(machine.c2('start', 'a.zip').stdout, /Exception: .*x\.tpl:1:\d+: partial "gone"/)
  assert.equal(existsSync(join(machine.root, 'ran')), false)
})

test('unpacking over a directory overwrites files and leaves others', (t) => {
  const machine = createCamus2Machine(t)
  machine.release('a.zip', {}, { 'kept/changed': 'new' })
  mkdirSync(join(machine.root, 'to/kept'), { recursive: true })
  writeFileSync(join(machine.root, 'to/kept/changed'), 'old')
  writeFileSync(join(machine.root, 'to/kept/extra'), 'extra')
  machine.succeed('unpack', 'a.zip', '../to')
  assert.equal(machine.read('to/kept/changed'), 'new')
  assert.equal(machine.read('to/kept/extra'), 'extra')
  assert.equal(existsSync(join(machine.root, 'to/.sluice-unpack')), false)
})

for (const name of ['../evil', 'a/../../evil', '/abs-evil-of-sluice-test', 'a/../../../evil']) {
  test(`an archive with an entry ${name} is refused, and nothing of it is written`, (t) => {
    const machine = createCamus2Machine(t)
    const entries = [
      releaseJson({ startCommand: `touch ${machine.root}/ran` }),
      { name, content: 'x' },
    ]
    machine.archive('evil.zip', entries)
    const { status, stdout } = machine.c2('start', 'evil.zip')
    assert.equal(status, 1)
    assert.match(stdout, /Exception: .*evil.* leads out of the release/)
    assert.equal(existsSync('/abs-evil-of-sluice-test'), false)
    for (const path of ['evil', 'deploys/evil.zip', 'ran', 'deploys/evil/release.json']) {
      assert.equal(existsSync(join(machine.root, path)), false, path)
    }
  })
}

test('an odd archive is unpacked: links become files, odd names are passed over, the last of equal names stays', (t) => {
  const machine = createCamus2Machine(t)
  machine.archive('odd.zip', [
    releaseJson({}),
    { name: './x', content: 'x' },
    { name: 'twice', content: 'first' },
    { name: 'twice', content: 'second' },
    { name: 'empty/', content: '', mode: 0o040755 },
    { name: 'of-windows/', content: '', mode: 0 },
    { name: 'like-a-file/', content: '', mode: 0o100644 },
    { name: 'link', content: '/etc/passwd', mode: 0o120777 },
  ])
  machine.succeed('start', 'odd.zip')
  assert.equal(machine.read('deploys/odd/twice'), 'second')
  assert.equal(machine.read('deploys/odd/link'), '/etc/passwd')
  assert.equal(lstatSync(join(machine.root, 'deploys/odd/link')).isFile(), true)
  assert.ok(lstatSync(join(machine.root, 'deploys/odd/like-a-file')).isDirectory())
})

for (const [name, entries] of [
  ['no release.json', [{ name: 'x', content: '' }]],
  ['a release.json without commands', [{ name: 'release.json', content: '{"templates": []}' }]],
  ['a release.json that is not JSON', [{ name: 'release.json', content: '{' }]],
] as const) {
  test(`a release with ${name} is refused before any command`, (t) => {
    const machine = createCamus2Machine(t)
    machine.archive('a.zip', entries)
    const { status, stdout } = machine.c2('start', 'a.zip')
    assert.equal(status, 1)
    assert.match(stdout, /Exception: .*release\.json/)
  })
}

test('an archive packed with bzip2 is refused before anything changed, and told how to be packed', (t) => {
  const machine = createCamus2Machine(t)
  machine.release('a.zip', {}, { file: 'good' })
  machine.succeed('start', 'a.zip')
  machine.archive('a.zip', [releaseJson({}), { name: 'file', content: 'x', method: 12 }])
  const { status, stdout } = machine.c2('start', 'a.zip')
  assert.equal(status, 1)
  assert.match(stdout, /Exception: "?file"? is compressed by bzip2 .*pack it again with deflate/)
  assert.equal(machine.read('deploys/a/file'), 'good')
})

test('an archive that is damaged leaves what was there', (t) => {
  const machine = createCamus2Machine(t)
  machine.release('a.zip', {}, { file: 'good' })
  machine.succeed('start', 'a.zip')
  const archive = join(machine.root, 'releases/a.zip')
  writeFileSync(archive, readFileSync(archive).subarray(0, -30))
  assert.equal(machine.c2('start', 'a.zip').status, 1)
  assert.equal(machine.read('deploys/a/file'), 'good')
})

for (const release of ['current.zip', 'frontend-proxy.zip', '.sluice.zip', '..zip']) {
  test(`a release called ${release} is refused, because its directory is taken`, (t) => {
    const machine = createCamus2Machine(t)
    machine.release(release)
    assert.match(machine.c2('start', release).stdout, /cannot be the label of a deploy/)
  })
}

test('releases are listed without directories', (t) => {
  const machine = createCamus2Machine(t)
  machine.release('b.zip')
  machine.release('a.zip')
  mkdirSync(join(machine.root, 'releases/folder'))
  assert.deepEqual(machine.succeed('list-releases').trimEnd().split('\n').toSorted(), [
    'a.zip',
    'b.zip',
  ])
})

test('the configuration is found beside the real program, JSON before YAML', (t) => {
  const machine = createCamus2Machine(t)
  machine.release('of-json.zip')
  const yaml = join(machine.root, 'etc/camus2.yaml')
  writeFileSync(yaml, `releases: {localdir: ${machine.root}/other}\n`)
  mkdirSync(join(machine.root, 'other'))
  writeFileSync(join(machine.root, 'other/of-yaml.zip'), '')
  assert.equal(machine.succeed('list-releases'), 'of-json.zip\n')
  rmSync(join(machine.root, 'etc/camus2.json'))
  assert.equal(machine.succeed('list-releases'), 'of-yaml.zip\n')
  unlinkSync(yaml)
  const { status, stderr } = machine.c2('list-releases')
  assert.equal(status, 1)
  assert.match(stderr, /^Config file not found, tried: \S+etc\/camus2\.json, \S+etc\/camus2\.yaml/)
})

test('the configuration is found when c2 is called through a link from elsewhere', (t) => {
  const machine = createCamus2Machine(t)
  machine.release('a.zip')
  mkdirSync(join(machine.root, 'else/where'), { recursive: true })
  symlinkSync(machine.program, join(machine.root, 'else/where/c2'))
  const other = { ...machine, program: join(machine.root, 'else/where/c2') }
  assert.equal(runAt(other, 'list-releases'), 'a.zip\n')
})

test('CAMUS2_CONFIG of an unknown type is named', (t) => {
  const machine = createCamus2Machine(t)
  machine.env['CAMUS2_CONFIG'] = '/x/conf.yml'
  const { status, stderr } = machine.c2('list-releases')
  assert.equal(status, 1)
  assert.match(
    stderr,
    /Unknown file type for config file: \/x\/conf\.yml \(expected \.json or \.yaml\)/,
  )
})

test('nothing of the directory it is started in changes what c2 does', (t) => {
  const machine = createCamus2Machine(t)
  machine.release('a.zip')
  writeFileSync(join(machine.root, 'bin/.env'), 'CAMUS2_CONFIG=/elsewhere.json\n')
  writeFileSync(join(machine.root, 'bin/bunfig.toml'), 'preload = ["./evil.ts"]\n')
  writeFileSync(join(machine.root, 'bin/evil.ts'), `require('fs').writeFileSync('ran', '')\n`)
  assert.equal(machine.succeed('list-releases'), 'a.zip\n')
  assert.equal(existsSync(join(machine.root, 'bin/ran')), false)
})

function runAt(machine: Camus2Machine, ...words: string[]): string {
  const { stdout, status } = spawnSync(machine.program, words, {
    env: machine.env,
    encoding: 'utf8',
  })
  assert.equal(status, 0)
  return stdout
}
