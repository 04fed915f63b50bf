import assert from 'node:assert/strict'
import test from 'node:test'

import { parseAsk } from './parse-ask.ts'

const taken: readonly (readonly [string, string, string, string])[] = [
  ['{"secret":"s","trigger":"a"}', 's', 'a', ''],
  ['{"SECRET":"s","Trigger":"a","x":1} trailing', 's', 'a', ''],
  [' \n\t{ "secret" : "s" , "url" : "u" }{', 's', '', 'u'],
  ['{"secret":"a","SECRET":"b","secret":"c"}', 'c', '', ''],
  ['{"secret":"a","secret":null}', 'a', '', ''],
  ['{"trigger":null}', '', '', ''],
  ['{}', '', '', ''],
  ['null', '', '', ''],
  ['nullx', '', '', ''],
  ['{"x":{"secret":"inner","l":[1,{"trigger":"t"}]},"secret":"outer"}', 'outer', '', ''],
  ['{"x":"}\\"{","secret":"s"}', 's', '', ''],
  ['{"__proto__":"x","secret":"s"}', 's', '', ''],
  ['{"trigger":"\\ud800"}', '', '\ufffd', ''],
  ['{"trigger":"\\u0061\\n"}', '', 'a\n', ''],
]

for (const [body, secret, trigger, url] of taken) {
  test(`a body is taken: ${body}`, () => assert.deepEqual(parseAsk(body), { secret, trigger, url }))
}

const refused = [
  '',
  ' ',
  'x',
  '{',
  '{"secret":"s"',
  '{"secret":"s",}',
  '{"secret" "s"}',
  '{secret:"s"}',
  '{"trigger":5}',
  '{"trigger":5,"trigger":"a"}',
  '{"url":["u"]}',
  '{"secret":true}',
  '[]',
  '"text"',
  '5',
  'true',
  '{"a":1 2}',
  '{"a":"\n"}',
  '{"x":[}]}',
  '['.repeat(60_000),
  `{"x":${'['.repeat(60_000)}`,
]

for (const body of refused) {
  test(`a body is refused: ${body.slice(0, 40)}`, () => assert.equal(parseAsk(body), undefined))
}
