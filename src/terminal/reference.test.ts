import assert from 'node:assert/strict'
import test from 'node:test'

import { sampleProgram } from '../../test/support/sample-program.ts'
import { exitMeanings } from './exit-codes.ts'
import { exitCodeReference, programReference } from './reference.ts'

test('the reference has every visible command with its usage, words, options and examples', () => {
  const text = programReference(sampleProgram())
  assert.match(text, /^# sample: commands\n/)
  assert.match(text, /\n## Work\n\n### sample ship\n/)
  assert.match(text, /\n {4}sample ship \[options\] <thing> \[rest\.\.\.\]\n/)
  assert.match(text, /- `rest`: more \(`one`, `two`\)/)
  assert.match(text, /- `-l, --label LABEL`: name/)
  assert.match(text, /- `--no-probe`: do not ask/)
  assert.match(text, /# Tell what shipping a crate means\.\nsample ship crate -n\n/)
  assert.doesNotMatch(text, /secret/)
})

test('the table of exit statuses has all of them', () => {
  const text = exitCodeReference()
  for (const { status, name } of exitMeanings) assert.ok(text.includes(`| ${status} | ${name} |`))
})
