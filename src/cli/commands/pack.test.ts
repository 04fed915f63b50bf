import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'

import { createFakeHost } from '../../../test/support/fake-host.ts'
import { recordedIo } from '../../../test/support/program-io.ts'
import { temporaryFolder } from '../../../test/support/temp-folder.ts'
import { runOrFail } from '../../system/index.ts'
import { runProgram } from '../../terminal/index.ts'
import { sluiceProgram } from '../sluice-program.ts'

async function packAt(t: TestContext, date: string) {
  const folder = temporaryFolder(t)
  mkdirSync(join(folder, 'app'))
  writeFileSync(join(folder, 'app/release.json'), '{ "name": "app", "version": "1" }')
  const { io, stderr } = recordedIo({ environment: { SOURCE_DATE_EPOCH: date } })
  const argv = ['pack', 'app', '-o', 'app-1.tar.gz']
  const status = await runProgram(sluiceProgram(createFakeHost().door, folder), argv, io)
  return { status, stderr: stderr(), archive: join(folder, 'app-1.tar.gz') }
}

for (const [date, year] of [
  ['', '1980-01-01'],
  ['1700000000', '2023-11-14'],
  ['0', '1980-01-01'],
  ['9999999999', '2100-01-01'],
] as const) {
  test(`an archive packed with SOURCE_DATE_EPOCH="${date}" is of ${year}`, async (t) => {
    const { archive } = await packAt(t, date)
    assert.match(await runOrFail(['tar', '--utc', '-tvf', archive]), new RegExp(` ${year} `))
  })
}

test('a SOURCE_DATE_EPOCH that is no number is refused by name', async (t) => {
  const { status, stderr } = await packAt(t, 'today')
  assert.equal(status, 2)
  assert.match(stderr, /SOURCE_DATE_EPOCH is "today"/)
})
