import assert from 'node:assert/strict'
import test from 'node:test'

import { recordedIo } from '../../../test/support/program-io.ts'
import { sampleProgram } from '../../../test/support/sample-program.ts'
import { runProgram } from '../run-program.ts'

/** What fish would be offered for a line; the last word is the one being typed. */
async function offered(line: string): Promise<string[]> {
  const recorded = recordedIo()
  const argv = ['--completion', 'fish', 'sample', ...line.split(' ')]
  assert.equal(await runProgram(sampleProgram(), argv, recorded.io), 0)
  assert.equal(recorded.stderr(), '')
  const lines = recorded.stdout().split('\n').slice(0, -1)
  return lines.map((candidate) => candidate.split('\t')[0] ?? '')
}

const cases: Record<string, string[]> = {
  '': ['names', 'ship', 'fail', 'wait', 'crate', 'help'],
  s: ['names', 'ship'],
  'help s': ['names', 'ship'],
  'crate ': ['names', 'open'],
  'ship ': ['names', 'crate', 'crane', 'sha256:ab'],
  'ship cra': ['names', 'crate', 'crane'],
  'ship crate ': ['names', 'one', 'two'],
  'ship crate one t': ['names', 'two'],
  'ship --d': ['names', '--dry-run'],
  'ship --no-': ['names', '--no-probe', '--no-color'],
  'ship -n --d': ['names', '--dry-run'],
  'ship --dry-run --d': ['names'],
  'ship --tag a --ta': ['names', '--tag'],
  'ship --label ': ['names', 'x1'],
  'ship -l ': ['names', 'x1'],
  'ship -l x1 cra': ['names', 'crate', 'crane'],
  'ship --label=': ['names', '--label=x1'],
  'ship --label=x1 cra': ['names', 'crate', 'crane'],
  'ship --size l': ['names', 'large'],
  'ship --file ': ['files'],
  'ship --file=/e': ['files'],
  'ship --config ': ['files'],
  '--config x.yaml ship cra': ['names', 'crate', 'crane'],
  '--json s': ['names', 'ship'],
  'ship -- --d': ['names'],
  'ship -- cra': ['names', 'crate', 'crane'],
  'nonsense ': ['names'],
  'wait ': ['names'],
}

for (const [line, names] of Object.entries(cases)) {
  test(`after \`sample ${line}\` the shell is offered ${names.slice(1).join(', ') || names.join()}`, async () => {
    assert.deepEqual(await offered(line), names)
  })
}

test('a completer that fails offers nothing and says nothing', async () => {
  assert.deepEqual(await offered('secret '), [])
})

test('a completer that hangs is given up', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const waiting = offered('crate open ')
  // The timer is set while the first microtasks run.
  await new Promise((resolve) => setImmediate(resolve))
  t.mock.timers.tick(2000)
  assert.deepEqual(await waiting, [])
})

test('names come with their summaries', async () => {
  const recorded = recordedIo()
  await runProgram(sampleProgram(), ['--completion', 'fish', 'sample', 'sh'], recorded.io)
  assert.equal(recorded.stdout(), 'names\nship\tship something\n')
  const zsh = recordedIo()
  await runProgram(sampleProgram(), ['--completion', 'zsh', 'sample', 'ship', 'sha'], zsh.io)
  assert.equal(zsh.stdout(), 'names\nsha256\\:ab\n')
})
