import assert from 'node:assert/strict'
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

import { temporaryFolder } from '../../test/support/temp-folder.ts'
import { childEnvironment, run, sluiceVersion } from '../system/index.ts'

const fakeSluice = fileURLToPath(
  new URL('../../test/support/programs/fake-sluice.ts', import.meta.url),
)
const entry = fileURLToPath(new URL('./main.ts', import.meta.url))

/** Runs the program from source, and tells which files and packages it loaded. */
async function sluice(t: TestContext, argv: readonly string[]) {
  const hook = join(temporaryFolder(t), 'hook.mjs')
  writeFileSync(
    hook,
    `import { registerHooks } from 'node:module'
     import { writeSync } from 'node:fs'
     registerHooks({ load(url, context, next) { writeSync(3, url + '\\n'); return next(url, context) } })`,
  )
  const line = `exec 3>"$0.loaded"; "$@"; status=$?; exec 3>&-; cat "$0.loaded" >&2; exit $status`
  const node = [process.execPath, '--import', hook, entry, ...argv]
  const ended = await run(['/bin/sh', '-c', line, hook, ...node], {
    env: childEnvironment({ NO_COLOR: '1' }),
    cwd: temporaryFolder(t),
  })
  return ended
}

test('the version is printed alone', async (t) => {
  const { status, stdout } = await sluice(t, ['--version'])
  assert.equal(status, 0)
  assert.equal(stdout, `${sluiceVersion}\n`)
})

for (const argv of [['--version'], ['--help'], ['deploy', '--help'], ['version'], ['nonsense']]) {
  test(`\`sluice ${argv.join(' ')}\` loads neither schemas nor YAML nor the host`, async (t) => {
    const { stderr } = await sluice(t, argv)
    assert.match(stderr, /src\/terminal\/run-program\.ts/)
    assert.doesNotMatch(stderr, /node_modules\/(zod|yaml|yauzl|yazl|jsonc-parser)\//)
    assert.doesNotMatch(stderr, /src\/(host|release|proxy|config|compat)\//)
  })
}

test('without a configuration a command is refused, and tells where it looked', async (t) => {
  const { status, stderr } = await sluice(t, ['status'])
  assert.equal(status, 4)
  assert.match(stderr, /error: no configuration file.*sluice\.yaml/)
  assert.match(stderr, /next: `sluice init`/)
})

test('a deployment goes on to its end when nobody reads its output any more', async () => {
  const { stderr } = await intoClosedPipe('deploy x --json-events', { FAKE_PACE: '20' })
  assert.equal(stderr, 'status 0\n')
})

test('following a log ends when nobody reads it any more', async (t) => {
  const log = join(temporaryFolder(t), 'service.log')
  const writer = setInterval(() => appendFileSync(log, 'one more line\n'), 20)
  t.after(() => clearInterval(writer))
  const { stderr } = await intoClosedPipe('logs x -f', { FAKE_LOG: log })
  assert.equal(stderr, 'status 0\n')
})

test('a deployment whose output cannot be written goes on to its end, which is told by a status of its own', async () => {
  const script = `"$0" "$1" deploy x --json-events > /dev/full`
  const { status, stderr } = await run(['/bin/sh', '-c', script, process.execPath, fakeSluice], {
    env: childEnvironment({ FAKE_PACE: '20', NO_COLOR: '1' }),
  })
  assert.match(stderr, /^error: standard output could not be written: ENOSPC: .*\n {2}next: /)
  assert.equal(status, 74)
})

/** Runs sluice with a fake host into a pipe whose reader ends at once; its status stands on standard error. */
async function intoClosedPipe(line: string, variables: Record<string, string>) {
  const script = `{ "$0" "$1" ${line}; echo "status $?" >&2; } | true`
  const argv = ['/bin/sh', '-c', script, process.execPath, fakeSluice]
  return await run(argv, { env: childEnvironment(variables) })
}
