import assert from 'node:assert/strict'
import { lstatSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

import type { Clock } from '../../system/index.ts'
import { temporaryFolder } from '../../../test/support/temp-folder.ts'
import { logTime } from './log.ts'
import { runCamus2 } from './run-camus2.ts'

interface Answer {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

interface Place {
  readonly root: string
  readonly c2: (
    words: string[],
    more?: { env?: Record<string, string>; clock?: Clock },
  ) => Promise<Answer>
}

function place(t: TestContext, config: Record<string, unknown> = {}): Place {
  const root = temporaryFolder(t)
  mkdirSync(join(root, 'bin'))
  mkdirSync(join(root, 'etc'))
  mkdirSync(join(root, 'releases'))
  writeFileSync(join(root, 'bin/c2'), '')
  const usual = {
    deploysDir: join(root, 'deploys'),
    contextCache: join(root, 'cache'),
    logFile: join(root, 'log'),
    releases: { localdir: join(root, 'releases') },
  }
  writeFileSync(join(root, 'etc/camus2.json'), JSON.stringify({ ...usual, ...config }))
  return {
    root,
    c2: async (words, { env = {}, clock } = {}) => {
      const written = { stdout: '', stderr: '' }
      const status = await runCamus2(words, {
        stdout: { write: (text) => void (written.stdout += text) },
        stderr: { write: (text) => void (written.stderr += text) },
        env,
        executable: join(root, 'bin/c2'),
        ...(clock === undefined ? {} : { clock }),
      })
      return { status, ...written }
    },
  }
}

const proxy = { deployMode: { proxy: { endPoints: {} } } }
const remote = { deployMode: { proxy: { endPoints: {}, remoteStateS3: { just: 's3://b/k' } } } }

test('prints the version of Camus2', async (t) => {
  const { c2 } = place(t)
  for (const words of [['version'], ['--version']]) {
    assert.deepEqual(await c2(words), { status: 0, stdout: '0.21\n', stderr: '' })
  }
})

test('help goes to stdout with status 0', async (t) => {
  const { c2 } = place(t)
  for (const words of [['--help'], ['-h'], ['help'], ['start', '--help'], ['connect', 'x', '-h']]) {
    const { status, stdout, stderr } = await c2(words)
    assert.deepEqual([status, stderr], [0, ''])
    assert.match(stdout, /c2/)
  }
})

/** Command line and what stderr says. */
const wrong: readonly [string[], RegExp][] = [
  [[], /^Missing: COMMAND\n\nUsage: c2 COMMAND\n$/],
  [['nonsense'], /^Invalid argument `nonsense'\n\nUsage: c2 COMMAND\n$/],
  [['statu'], /Did you mean this\?\n {4}status/],
  [['start'], /^Missing: RELEASE\n\nUsage: c2 start RELEASE \[ASDEPLOY\]\n$/],
  [['connect', 'main'], /^Missing: DEPLOY\n\nUsage: c2 connect ENDPOINT DEPLOY\n$/],
  [['unpack'], /^Missing: RELEASE TODIR\n/],
  [['stop', 'a', 'b'], /^Invalid argument `b'\n\nUsage: c2 stop DEPLOY\n$/],
  [['status', '--json'], /^Invalid option `--json'/],
  [['status', '--show-slaves=yes'], /^Invalid option `--show-slaves=yes'/],
  [['status', '-x'], /^Invalid option `-x'/],
  [['slave-update', '--repeat'], /^The option `--repeat' expects an argument\./],
  [['slave-update', '--repeat', 'soon'], /cannot parse value `soon'/],
  [['--no-such'], /^Invalid argument `--no-such'/],
]

for (const [words, stderr] of wrong) {
  test(`refuses the command line "${words.join(' ')}" on stderr with status 1`, async (t) => {
    const answer = await place(t).c2(words)
    assert.deepEqual([answer.status, answer.stdout], [1, ''])
    assert.match(answer.stderr, stderr)
  })
}

test('control characters of the command line are shown, not obeyed, in errors and in the log', async (t) => {
  const { c2, root } = place(t, proxy)
  const steering = '\x1b[2J\x07\u202e'
  for (const words of [
    [steering],
    ['status', `--${steering}`],
    ['stop', 'a', steering],
    [`--x-completion-${steering}`],
    ['stop', steering],
    ['start', `${steering}.zip`],
    ['start', `${steering}.zip`, steering],
    ['connect', steering, steering],
    ['unpack', `${steering}.zip`, join(root, steering)],
    ['expand-template', steering, join(root, 'out')],
  ]) {
    const { status, stdout, stderr } = await c2(words)
    assert.equal(status, 1)
    const written = stdout + stderr
    assert.match(written, /\\x1b\[2J\\x07\\u202e/, written)
    // oxlint-disable-next-line no-control-regex
    assert.doesNotMatch(written, /[\x1b\x07\u202e]/)
  }
  // oxlint-disable-next-line no-control-regex
  assert.doesNotMatch(readFileSync(join(root, 'log'), 'utf8'), /[\x1b\x07\u202e]/)
})

test('options may stand before arguments, and -- ends them', async (t) => {
  const { c2 } = place(t, proxy)
  assert.match((await c2(['stop', '--', '--help'])).stdout, /Stop and remove deploy --help/)
  const { stdout } = await c2(['status', '--json-output', '--show-slaves'])
  assert.deepEqual(JSON.parse(stdout), { master: { deploys: {}, connections: {} }, slaves: [] })
})

test('proxy commands need proxy mode', async (t) => {
  const { c2 } = place(t)
  for (const words of [
    ['status'],
    ['connect', 'a', 'b'],
    ['disconnect', 'a'],
    ['restart-frontend-proxy'],
    ['shutdown-frontend-proxy'],
    ['generate-ssl-certificate'],
    ['slave-update'],
    ['slave-flush'],
  ]) {
    const { status, stdout } = await c2(words)
    assert.equal(status, 1)
    assert.match(stdout, /Exception: Proxy not enabled in configuration\n$/)
  }
})

test('what needs AWS says so, and what does not works with remote state too', async (t) => {
  const { c2 } = place(t, remote)
  for (const words of [
    ['status'],
    ['slave-update'],
    ['slave-flush'],
    ['aws-docker-login-cmd'],
    ['connect', 'a', 'b'],
    ['stop', 'a'],
  ]) {
    const { status, stdout } = await c2(words)
    assert.equal(status, 1, words.join(' '))
    assert.match(stdout, /Exception: .* needs AWS, which comes in a later version/)
  }
  for (const words of [['restart-frontend-proxy'], ['shutdown-frontend-proxy']]) {
    assert.equal((await c2(words)).status, 0)
  }
  for (const name of ['le-get-certs', 'le-auth-hook', 'le-cleanup-hook']) {
    const { status, stdout, stderr } = await c2([name])
    assert.deepEqual([status, stdout], [1, ''])
    assert.match(stderr, /needs AWS/)
  }
})

test('with local state slave-flush does nothing and slave-update is refused', async (t) => {
  const { c2 } = place(t, proxy)
  assert.equal((await c2(['slave-flush'])).status, 0)
  assert.match((await c2(['slave-update'])).stdout, /Exception: Remote state is not configured/)
})

test('an S3 store is refused when it is used', async (t) => {
  const { c2 } = place(t, { releases: { s3: 's3://b/k' } })
  const { status, stdout } = await c2(['list-releases'])
  assert.equal(status, 1)
  assert.match(stdout, /Exception: the release store s3:\/\/b\/k needs AWS/)
})

test('a logged failure ends with 0 when Camus2 is asked for', async (t) => {
  const { c2 } = place(t, proxy)
  const env = { CAMUS2_COMPAT_EXIT0: '1' }
  const { status, stdout } = await c2(['stop', 'a'], { env })
  assert.equal(status, 0)
  assert.match(stdout, /Exception: no deploy called a/)
})

test('a log file that cannot be opened is an error before anything else', async (t) => {
  const { c2 } = place(t, { logFile: '/nowhere/at/all/log' })
  const { status, stdout, stderr } = await c2(['start', 'a.zip'])
  assert.deepEqual([status, stdout], [1, ''])
  assert.match(stderr, /\/nowhere\/at\/all\/log/)
})

test('the log has the same lines on stdout and in the file, and show-log prints them', async (t) => {
  const { c2, root } = place(t, proxy)
  const { stdout } = await c2(['connect', 'main', 'x'])
  const line = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,12})? \.*\S/
  for (const text of stdout.trimEnd().split('\n')) assert.match(text, line)
  assert.equal(readFileSync(join(root, 'log'), 'utf8'), stdout)
  assert.equal((await c2(['show-log'])).stdout, stdout)
})

test('show-log fails when there is no log', async (t) => {
  const { status, stdout } = await place(t).c2(['show-log'])
  assert.equal(status, 1)
  assert.match(stdout, /Exception: .*log: ENOENT/)
})

test('log times have no trailing zeros and no zone', () => {
  assert.equal(logTime(Date.UTC(2019, 7, 23, 5, 38, 36, 120)), '2019-08-23T05:38:36.12')
  assert.equal(logTime(Date.UTC(2019, 7, 23, 5, 38, 30)), '2019-08-23T05:38:30')
  assert.equal(logTime(Date.UTC(2020, 0, 1, 10, 20, 0, 7)), '2020-01-01T10:20:00.007')
})

test('fetch-context copies sources for the owner only', async (t) => {
  const root = temporaryFolder(t)
  writeFileSync(join(root, 'infra.json'), '{"a": 1}')
  const source = { file: join(root, 'infra.json') }
  const { c2, root: machine } = place(t, { configSources: { infra: source } })
  assert.equal((await c2(['fetch-context'])).status, 0)
  assert.equal(readFileSync(join(machine, 'cache/infra.json'), 'utf8'), '{"a": 1}')
  assert.equal(statSync(join(machine, 'cache/infra.json')).mode & 0o777, 0o600)
})

test('fetch-context fails for a missing source, and with --retry waits ten seconds at a time', async (t) => {
  const file = join(temporaryFolder(t), 'late.json')
  const { c2 } = place(t, { configSources: { late: { file } } })
  assert.equal((await c2(['fetch-context'])).status, 1)
  const waits: number[] = []
  const clock: Clock = {
    now: () => 0,
    monotonic: () => 0,
    sleep: async (milliseconds) => {
      waits.push(milliseconds)
      if (waits.length === 3) writeFileSync(file, '{}')
    },
  }
  const { status, stdout } = await c2(['fetch-context', '--retry'], { clock })
  assert.deepEqual([status, waits], [0, [10_000, 10_000, 10_000]])
  assert.equal(stdout.split(`Waiting for ${file}`).length, 4)
})

test('expand-template sees the cached sources under their names, relative paths included', async (t) => {
  const { c2, root } = place(t, { configSources: { infra: { file: '/unused' } } })
  mkdirSync(join(root, 'cache'))
  writeFileSync(join(root, 'cache/infra.json'), '{"host": "db<1>"}')
  writeFileSync(join(root, 'in.txt'), '{{infra.host}} {{{infra.host}}}{{ports.http}}{{>part}}')
  writeFileSync(join(root, 'part'), '!')
  assert.equal((await c2(['expand-template', join(root, 'in.txt'), join(root, 'out')])).status, 0)
  assert.equal(readFileSync(join(root, 'out'), 'utf8'), 'db&lt;1&gt; db<1>!')
})

test('expand-template writes through a link and keeps the mode of a file', async (t) => {
  const { c2, root } = place(t)
  writeFileSync(join(root, 'in'), 'text')
  writeFileSync(join(root, 'real'), 'old', { mode: 0o640 })
  symlinkSync(join(root, 'real'), join(root, 'out'))
  assert.equal((await c2(['expand-template', join(root, 'in'), join(root, 'out')])).status, 0)
  assert.equal(readFileSync(join(root, 'real'), 'utf8'), 'text')
  assert.equal(statSync(join(root, 'real')).mode & 0o777, 0o640)
  assert.equal(lstatSync(join(root, 'out')).isSymbolicLink(), true)
})

test('a template that is not UTF-8 and a cache that is not JSON are refused by name', async (t) => {
  const { c2, root } = place(t, { configSources: { infra: { file: '/unused' } } })
  mkdirSync(join(root, 'cache'))
  writeFileSync(join(root, 'bad.txt'), Buffer.from([0x61, 0xff]))
  writeFileSync(join(root, 'cache/infra.json'), '{')
  const words = ['expand-template', join(root, 'bad.txt'), join(root, 'out')]
  assert.match((await c2(words)).stdout, /Unable to parse json from .*infra\.json/)
  writeFileSync(join(root, 'cache/infra.json'), '{}')
  assert.match((await c2(words)).stdout, /bad\.txt is not UTF-8 text/)
})

test('a damaged state.json is an error and never an empty state', async (t) => {
  const { c2, root } = place(t, proxy)
  mkdirSync(join(root, 'deploys/frontend-proxy'), { recursive: true })
  for (const text of ['', '{"deploys":{}', '{"deploys":{}}', 'null']) {
    writeFileSync(join(root, 'deploys/frontend-proxy/state.json'), text)
    for (const words of [['status'], ['start', 'a.zip']]) {
      writeFileSync(join(root, 'releases/a.zip'), '')
      assert.equal((await c2(words)).status, 1)
    }
    assert.equal(readFileSync(join(root, 'deploys/frontend-proxy/state.json'), 'utf8'), text)
  }
})
