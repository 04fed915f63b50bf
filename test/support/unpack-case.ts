import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import { AppError, type ErrorCode } from '../../src/errors/index.ts'
import { unpackArchive, type Unpacked, type UnpackLimits } from '../../src/release/index.ts'
import { temporaryFolder } from './temp-folder.ts'

export interface BadArchive {
  readonly name: string
  readonly bytes: () => Buffer
  readonly code: ErrorCode
  /** Must stand in the message. */
  readonly words?: RegExp
  readonly file?: string
  readonly limits?: Partial<UnpackLimits>
}

/** Declares one test per bad archive: the expected code, and not a byte outside the staging directory. */
export function testBadArchives(
  kind: string,
  extension: string,
  cases: readonly BadArchive[],
): void {
  for (const { name, bytes, code, words, file, limits } of cases) {
    test(`${kind}: ${name} is ${code}`, async (t) => {
      const folder = temporaryFolder(t)
      const archive = join(folder, file ?? `app-1.${extension}`)
      writeFileSync(archive, bytes())
      mkdirSync(join(folder, 'staging'))
      const before = readdirSync(folder)
      await assert.rejects(
        unpack(archive, join(folder, 'staging/tree'), limits),
        (error: unknown) => {
          assert.ok(error instanceof AppError, `not an AppError: ${String(error)}`)
          assert.equal(error.code, code, error.message)
          assert.match(error.message, words ?? /./)
          assert.match(error.message, /^[\x20-\x7e→…]*$/, 'a message is printable')
          return true
        },
      )
      assert.deepEqual(readdirSync(folder), before)
      assert.deepEqual(
        readdirSync(join(folder, 'staging')).filter((each) => each !== 'tree'),
        [],
      )
    })
  }
}

export function unpack(
  archive: string,
  directory: string,
  limits: Partial<UnpackLimits> = {},
): Promise<Unpacked> {
  const signal = new AbortController().signal
  return unpackArchive(archive, directory, limits, {
    report: () => undefined,
    signal,
    step: 'unpack',
  })
}
