import type { TestContext } from 'node:test'

import {
  openStorage,
  openTriggers,
  type Storage,
  type StorageLocation,
  type Triggers,
  type TriggersOptions,
} from '../../src/control/index.ts'
import { randomText, systemClock } from '../../src/system/index.ts'
import { afterwards } from './afterwards.ts'

/** A database under test, and the side door to it. */
export interface DatabaseUnderTest {
  readonly location: StorageLocation
  /** The same place as one word for a program. */
  readonly place: string
  /** Runs a statement behind the storage's back; on SQLite while the storage is closed. */
  ask(text: string): Promise<Record<string, unknown>[]>
}

/** An empty database for one test; undefined when it cannot be had and the test was skipped. */
export type PrepareDatabase = (t: TestContext) => Promise<DatabaseUnderTest | undefined>

export type Story = (
  name: string,
  run: (t: TestContext, under: DatabaseUnderTest) => Promise<void>,
) => void

/** Opens the storage until the test ends or it is closed. */
export async function open(t: TestContext, under: DatabaseUnderTest): Promise<Storage> {
  const storage = await openStorage(under.location)
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => (closing ??= storage.close())
  afterwards(t, close)
  return { ...storage, close }
}

/** Opens triggers over a storage until the test ends or they are closed. */
export function openOver(
  t: TestContext,
  storage: Storage,
  options: Partial<TriggersOptions> = {},
): Triggers {
  const triggers = openTriggers({ storage, clock: systemClock, randomText, ...options })
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => (closing ??= triggers.close())
  afterwards(t, close)
  return { ...triggers, close }
}
