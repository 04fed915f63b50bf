import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { fileURLToPath } from 'node:url'

import { recordedIo } from '../../../test/support/program-io.ts'
import { sampleProgram } from '../../../test/support/sample-program.ts'
import { temporaryFolder } from '../../../test/support/temp-folder.ts'
import { runOrFail } from '../../system/index.ts'
import { runProgram } from '../run-program.ts'
import { completionScript, shells } from './scripts.ts'

const fakeSluice = fileURLToPath(
  new URL('../../../test/support/programs/fake-sluice.ts', import.meta.url),
)

/** Lets a real bash complete lines with the script, the way readline calls it. */
async function completeInBash(folder: string, lines: readonly string[]): Promise<string[]> {
  const driver = join(folder, 'driver.bash')
  writeFileSync(
    driver,
    [
      `sluice() { "${process.execPath}" "${fakeSluice}" "$@"; }`,
      completionScript('bash', 'sluice'),
      'for line in "$@"; do',
      '  COMP_LINE=$line COMP_POINT=${#line} COMPREPLY=()',
      '  _sluice_complete',
      '  echo "${COMPREPLY[*]}"',
      'done',
    ].join('\n'),
  )
  const answer = await runOrFail(['bash', '--norc', driver, ...lines])
  return answer.split('\n').slice(0, -1)
}

test('bash completes commands, options and live names with the script', async (t) => {
  const answers = await completeInBash(temporaryFolder(t), [
    'sluice de',
    'sluice stop shop/sh',
    'sluice deploy x --dr',
    'sluice completion ',
    'sluice pack /etc',
  ])
  assert.deepEqual(answers, [
    'deploy deployments',
    'shop/shop-1.4.2 shop/shop-1.4.1',
    '--dry-run',
    'bash zsh fish',
    '',
  ])
})

test('bash gets only what follows a colon or an equals sign that breaks its word', async () => {
  assert.equal(await answerToBash('sample ship sha256:a'), 'names\nab\n')
  assert.equal(await answerToBash('sample ship --label=x'), 'names\nx1\n')
  assert.equal(await answerToBash('sample ship "cra'), 'names\ncrate\ncrane\n')
  assert.equal(await answerToBash('sample ship "sha256:a'), 'names\nsha256:ab\n')
})

async function answerToBash(line: string): Promise<string> {
  const recorded = recordedIo()
  const argv = ['--completion', 'bash', ' \t\n"\'><=;|&(:', line]
  await runProgram(sampleProgram(), argv, recorded.io)
  return recorded.stdout()
}

for (const shell of shells) {
  test(`the script for ${shell} asks the program it is for, and names no other`, () => {
    const script = completionScript(shell, 'my-tool')
    assert.match(script, new RegExp(`my-tool --completion ${shell}`))
    assert.match(script, /_my_tool_complete/)
    assert.doesNotMatch(script, /@PROGRAM@|@NAME@/)
  })
}
