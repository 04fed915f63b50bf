import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

import { afterwards } from './afterwards.ts'

/** An empty folder for one test, removed after it. The path is short and free of links, so that it can hold sockets. */
export function temporaryFolder(test: Pick<TestContext, 'after'>, parent = tmpdir()): string {
  const folder = realpathSync(mkdtempSync(join(parent, 'sluice-')))
  // After whatever the test asked for since, such as ending the processes that write here.
  afterwards(test, () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
  return folder
}
