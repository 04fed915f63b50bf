import assert from 'node:assert/strict'
import test from 'node:test'

import { recordedIo, type RecordedIoOptions } from '../../test/support/program-io.ts'
import { sampleProgram } from '../../test/support/sample-program.ts'
import { runProgram } from './run-program.ts'

async function run(argv: readonly string[], options: RecordedIoOptions = {}) {
  const program = sampleProgram()
  const recorded = recordedIo(options)
  const status = await runProgram(program, argv, recorded.io)
  return { status, stdout: recorded.stdout(), stderr: recorded.stderr(), seen: program.seen }
}

test('values reach the command by name and type', async () => {
  const line = 'ship crate one two -l x --tag a --tag b --count 3 --size large -n --no-probe'
  const { status, seen } = await run(line.split(' '))
  assert.equal(status, 0)
  assert.deepEqual(seen, [
    {
      thing: 'crate',
      rest: ['one', 'two'],
      label: 'x',
      tag: ['a', 'b'],
      count: 3,
      size: 'large',
      file: undefined,
      dryRun: true,
      noProbe: true,
    },
  ])
})

test('what is not given is undefined, and switches are off', async () => {
  const { seen } = await run(['ship', 'crate'])
  const values = seen[0] as Record<string, unknown>
  assert.equal(values['dryRun'], false)
  assert.equal(values['noProbe'], false)
  assert.equal(values['label'], undefined)
  assert.equal(values['tag'], undefined)
})

test('a result goes to standard output as text, or as one JSON object', async () => {
  assert.equal((await run(['ship', 'crate'])).stdout, 'shipped crate\n')
  const { stdout, stderr } = await run(['ship', 'crate', '--json'])
  assert.deepEqual(JSON.parse(stdout), { shipped: 'crate', count: 1 })
  assert.equal(stderr, '')
})

test('global options are understood before and after the command', async () => {
  assert.deepEqual(JSON.parse((await run(['--json', 'ship', 'crate'])).stdout)['shipped'], 'crate')
})

test('a result never steers the terminal', async () => {
  assert.equal((await run(['ship', 'a\u001b[2Jb'])).stdout, 'shipped a\\x1b[2Jb\n')
})

test('after -- a word that looks like an option is an argument', async () => {
  assert.equal((await run(['ship', '--', '--json'])).stdout, 'shipped --json\n')
})

for (const [how, status] of Object.entries({
  failed: 1,
  usage: 2,
  aborted: 3,
  refused: 4,
  locked: 5,
  partial: 6,
  bug: 70,
})) {
  test(`a failure of kind ${how} ends with ${status}, as text and as JSON`, async () => {
    assert.equal((await run(['fail', how])).status, status)
    const { stdout, status: same } = await run(['fail', how, '--json'])
    assert.equal(same, status)
    assert.equal((JSON.parse(stdout) as { error: { exitCode: number } }).error.exitCode, status)
  })
}

test('a failure tells the message, the last output and what to type next', async () => {
  const { stderr, stdout } = await run(['fail', 'failed'])
  assert.equal(stdout, '')
  assert.equal(stderr, 'error: web answered 500\n  │ a\n  │ b\n  next: look\n')
})

test('a bug comes with its stack and asks to be reported, also with --json', async () => {
  for (const argv of [
    ['fail', 'bug'],
    ['fail', 'bug', '--json'],
  ]) {
    const { stderr } = await run(argv)
    assert.match(stderr, /bug: x is not a function\n.*\n? *at /)
    assert.match(stderr, /fault of sluice 1\.2\.3.*report/)
  }
})

const mistakes: [argv: string[], words: RegExp][] = [
  [['shipp', 'x'], /unknown command 'shipp'\n  next: Did you mean ship\?/],
  [['ship', 'x', '--dry-rum'], /unknown option '--dry-rum'\n  next: Did you mean --dry-run\?/],
  [['ship', 'x', '--jsn'], /Did you mean --json\?/],
  [['ship'], /missing required argument 'thing'/],
  [['crate', 'open', 'a', 'b'], /too many arguments/],
  [['ship', 'x', '--size', 'huge'], /'huge' is invalid.*small, large/],
  [['ship', 'x', '--count', 'many'], /"many" is not a number/],
  [['ship', 'x', '--label'], /argument missing/],
]

for (const [argv, words] of mistakes) {
  test(`\`${argv.join(' ')}\` is a usage error that names the word`, async () => {
    const { status, stderr, stdout } = await run(argv)
    assert.equal(status, 2)
    assert.match(stderr, words)
    assert.equal(stdout, '')
  })
}

test('a usage error is JSON where JSON was asked for', async () => {
  const { stdout } = await run(['shipp', '--json'])
  assert.match(stdout, /^\{"error":\{"code":"usage"/)
})

test('no command shows help on standard error and is a usage error', async () => {
  const { status, stdout, stderr } = await run([])
  assert.equal(status, 2)
  assert.equal(stdout, '')
  assert.match(stderr, /Usage: sample/)
})

test('help lists the commands in groups, without hidden ones, and shows examples', async () => {
  const { status, stdout } = await run(['--help'])
  assert.equal(status, 0)
  assert.match(stdout, /Work:\n  ship +ship something/)
  assert.doesNotMatch(stdout, /secret/)
  const command = await run(['help', 'ship'])
  assert.match(command.stdout, /\$ sample ship crate -n\n      Tell what shipping/)
  assert.equal((await run(['ship', '--help'])).stdout, command.stdout)
})

test('the version goes to standard output', async () => {
  assert.deepEqual(await run(['--version']), { status: 0, stdout: '1.2.3\n', stderr: '', seen: [] })
})

test('JSON events are lines of JSON with the result at the end', async () => {
  const { stdout } = await run(['ship', 'x', '--json-events'])
  assert.deepEqual(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? ''), {
    type: 'result',
    result: { shipped: 'x', count: 1 },
  })
})

test('the first Ctrl-C aborts the work and says so; the status is that of an abort', async () => {
  const recorded = recordedIo()
  const running = runProgram(sampleProgram(), ['wait'], recorded.io)
  recorded.signals.emit('SIGINT')
  assert.equal(await running, 3)
  assert.match(recorded.stderr(), /SIGINT: stopping and leaving a safe state/)
  assert.match(recorded.stderr(), /stopped: stopped by SIGINT/)
  assert.deepEqual(recorded.exits, [])
  assert.equal(recorded.signals.eventNames().length, 0)
})

test('the second Ctrl-C ends at once with 130 and tells which deployment is left', async () => {
  const recorded = recordedIo()
  const running = runProgram(sampleProgram(), ['wait'], recorded.io)
  recorded.signals.emit('SIGTERM')
  recorded.signals.emit('SIGINT')
  await running
  assert.deepEqual(recorded.exits, [130])
  assert.match(
    recorded.stderr(),
    /deployment d-1 of shop was left unfinished in step a; `sample resume`/,
  )
})

test('a closed terminal after Ctrl-C does not count as the second Ctrl-C', async () => {
  const recorded = recordedIo()
  const running = runProgram(sampleProgram(), ['wait'], recorded.io)
  recorded.signals.emit('SIGINT')
  recorded.signals.emit('SIGHUP')
  await running
  assert.deepEqual(recorded.exits, [])
})
