import assert from 'node:assert/strict'
import test from 'node:test'

import { splitLine } from './split-line.ts'

const lines: Record<string, string[]> = {
  '': [''],
  sluice: ['sluice'],
  'sluice ': ['sluice', ''],
  'sluice  deploy\tx': ['sluice', 'deploy', 'x'],
  'sluice "a b" \'c d\'': ['sluice', 'a b', 'c d'],
  'sluice a\\ b': ['sluice', 'a b'],
  'sluice "a\\"b': ['sluice', 'a"b'],
  "sluice 'a\\b": ['sluice', 'a\\b'],
  'sluice "" x': ['sluice', '', 'x'],
  'sluice --label="x y"': ['sluice', '--label=x y'],
  'sluice a\\': ['sluice', 'a'],
}

for (const [line, words] of Object.entries(lines)) {
  test(`the line ${JSON.stringify(line)} has the words ${JSON.stringify(words)}`, () => {
    assert.deepEqual(splitLine(line), words)
  })
}
