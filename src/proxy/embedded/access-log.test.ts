import assert from 'node:assert/strict'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import { temporaryFolder } from '../../../test/support/temp-folder.ts'
import { openAccessLog, type AccessRecord } from './access-log.ts'

const record: AccessRecord = {
  peer: '192.0.2.1',
  method: 'GET',
  host: 'shop.test',
  path: '/',
  status: 200,
  bytes: 3,
  milliseconds: 1.25,
  endpoint: 'main',
  deploy: 'shop/one',
  requestId: 'id-1',
}

test('lines are written together and appended to what is there', (t) => {
  const path = join(temporaryFolder(t), 'log', 'access.log')
  for (let run = 0; run < 2; run++) {
    const log = openAccessLog(path, 1000)
    log.add(record)
    log.close()
  }
  const [line = '', ...more] = readFileSync(path, 'utf8').trim().split('\n')
  assert.match(line, /^\S+Z 192\.0\.2\.1 GET shop\.test \/ 200 3 1\.[23]ms main shop\/one id-1$/)
  assert.equal(more.length, 1)
})

test('a full log becomes the previous one, so that both together stay bounded', (t) => {
  const path = join(temporaryFolder(t), 'access.log')
  const log = openAccessLog(path, 500)
  for (let count = 0; count < 50; count++) {
    log.add(record)
    log.flush()
  }
  log.close()
  assert.ok(statSync(path).size <= 500)
  assert.ok(statSync(`${path}.1`).size <= 500)
})

test('a path with unusual bytes cannot break a line', (t) => {
  const path = join(temporaryFolder(t), 'access.log')
  const log = openAccessLog(path, 1000)
  log.add({ ...record, path: '/a\u00e9 b\u0085' })
  log.close()
  assert.equal(readFileSync(path, 'utf8').split(' ').length, 11)
})
