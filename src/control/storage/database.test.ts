import assert from 'node:assert/strict'
import test from 'node:test'

import { AppError } from '../../errors/index.ts'
import { retryDelay } from './database.ts'
import { explainPostgres } from './postgres/explain-postgres.ts'
import { explainSqlite } from './sqlite/explain-sqlite.ts'

function postgresError(code: string): Error {
  return Object.assign(new Error('no'), { code, severity: 'ERROR' })
}

function sqliteError(errcode: number): Error {
  return Object.assign(new Error('no'), { code: 'ERR_SQLITE_ERROR', errcode })
}

/** Failure, code of the error, whether the transaction is tried again. */
const meanings: readonly [string, unknown, string | undefined, boolean][] = [
  ...['40P01', '40001', '57P01', '57P03', '08006', '08P01', '53300', '55P03', '25006'].map(
    (state): [string, unknown, string, boolean] => [
      state,
      postgresError(state),
      'database-unavailable',
      true,
    ],
  ),
  ['57014', postgresError('57014'), 'database-unavailable', false],
  ['28P01', postgresError('28P01'), 'database-unavailable', false],
  ['53100', postgresError('53100'), 'disk-full', false],
  ['23505', postgresError('23505'), undefined, false],
  ['a lost connection', new AppError('database-unavailable', 'x'), 'database-unavailable', true],
  ['another AppError', new AppError('fenced', 'x'), undefined, false],
  ['an errno', Object.assign(new Error('x'), { code: 'EPIPE' }), undefined, false],
  ['SQLITE_BUSY', sqliteError(5), 'database-unavailable', true],
  ['SQLITE_BUSY_SNAPSHOT', sqliteError(517), 'database-unavailable', true],
  ['SQLITE_FULL', sqliteError(13), 'disk-full', false],
  ['SQLITE_IOERR_FSYNC', sqliteError(1034), 'io-failed', false],
  ['SQLITE_CORRUPT', sqliteError(11), 'state-corrupt', false],
  ['SQLITE_NOTADB', sqliteError(26), 'state-corrupt', false],
  ['SQLITE_CONSTRAINT', sqliteError(19), undefined, false],
  ['a bug', new TypeError('x'), undefined, false],
]

for (const [name, thrown, code, isTransient] of meanings) {
  test(`${name} means ${code ?? 'nothing of the database'}`, () => {
    const failure = explainPostgres(thrown) ?? explainSqlite(thrown)
    assert.deepEqual([failure?.error.code, failure?.isTransient ?? false], [code, isTransient])
  })
}

test('retries wait longer and longer, half of it by chance, and never long', () => {
  assert.deepEqual([retryDelay(1, () => 0), retryDelay(1, () => 1)], [10, 20])
  assert.deepEqual([retryDelay(4, () => 0), retryDelay(4, () => 1)], [80, 160])
  assert.deepEqual([retryDelay(40, () => 0), retryDelay(40, () => 1)], [500, 1000])
})
