import assert from 'node:assert/strict'
import test from 'node:test'

import { recordedIo } from '../../test/support/program-io.ts'
import { AppError, errorCodes, withContext } from '../errors/index.ts'
import { exitCodeOf, exitCodes, exitMeanings } from './exit-codes.ts'
import { failureLines, renderError } from './render-error.ts'
import { showUncaught } from './run-program.ts'
import { styleFor } from './style.ts'

const stream = { write: () => undefined }
const style = styleFor({ stream, environment: {}, noColor: true, now: 0 })
const options = { verbose: false, version: '1.2.3' }

test('only the last twenty lines of output are shown, and how many came before', () => {
  const output = Array.from({ length: 25 }, (_, index) => `line ${index + 1}`).join('\n')
  const lines = failureLines({ output }, style)
  assert.equal(lines.length, 21)
  assert.equal(lines[0], '  │ … 5 lines before')
  assert.equal(lines.at(-1), '  │ line 25')
})

test('a failure without output or hint is one line, and where it happened stands in front', () => {
  const error = withContext('deploying shop', new AppError('unhealthy', 'answered 500'))
  assert.equal(renderError(error, style, options), 'error: deploying shop: answered 500')
})

test('a failure shows its stack only with --verbose', () => {
  const error = new AppError('unhealthy', 'answered 500')
  assert.match(
    renderError(error, style, { ...options, verbose: true }),
    /\n +at .*render-error\.test/,
  )
})

test('hostile messages, hints and output cannot steer the terminal', () => {
  const hostile = 'a\u001b[2J\u202eb'
  const error = new AppError('unhealthy', hostile, { hint: hostile, output: hostile })
  // oxlint-disable-next-line no-control-regex
  assert.doesNotMatch(renderError(error, style, options), /\u001b|\u202e/)
})

test('a thing that is no error is shown as a bug, too', () => {
  assert.match(renderError('just text', style, options), /^bug: just text\n/)
})

test('what nobody caught ends with 70, whatever it was', () => {
  const recorded = recordedIo()
  assert.equal(showUncaught(new AppError('locked', 'ada works'), recorded.io, '1.2.3'), 70)
  assert.match(recorded.stderr(), /bug: ada works\n(.*\n)+This is a fault of sluice 1\.2\.3/)
})

test('every error code has an exit status with a meaning, and no two meanings share one', () => {
  const statuses = exitMeanings.map(({ status }) => status)
  assert.equal(new Set(statuses).size, statuses.length)
  for (const code of Object.keys(errorCodes)) assert.ok(statuses.includes(exitCodeOf(code)), code)
  assert.equal(exitCodeOf('constructor'), exitCodes.failed)
})
