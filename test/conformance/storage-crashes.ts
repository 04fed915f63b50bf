import { migrations } from '../../src/control/storage/migrations/all.ts'
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface, type Interface } from 'node:readline'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

import { afterwards } from '../support/afterwards.ts'
import { open, openOver, type Story } from '../support/database-under-test.ts'

/** What must hold on every database when a server is killed. */
export function crashConformance(story: Story): void {
  story('kill -9 between raise and answer loses and doubles nothing', async (t, under) => {
    const acknowledged = new Map<string, Acknowledgement>()
    const tried = new Map<string, string>()
    for (let round = 0; round < 4; round++) {
      const lines = await killAfter(t, [under.place, '8', `${round * 1_000_000}`], 40 + round * 37)
      for (const [what, trigger = '', key = '', sequence] of lines) {
        if (what === 'try') tried.set(key, trigger)
        if (what === 'ack') acknowledged.set(key, { trigger, sequence: Number(sequence) })
      }
    }
    assert.ok(acknowledged.size >= 100)
    const storage = await open(t, under)
    const triggers = openOver(t, storage)
    // A caller that got no answer asks again with its key, and one that got one may as well.
    const how = { by: 'me', source: 'test', create: true }
    for (const [key, trigger] of tried) {
      const { sequence, isRepeat } = await triggers.raise(trigger, { ...how, key })
      const first = acknowledged.get(key)
      if (first !== undefined) assert.deepEqual([sequence, isRepeat], [first.sequence, true])
    }
    for (const name of ['t0', 't1']) {
      const events = await storage.triggers.events(name, { after: 0, limit: 1_000_000 })
      const wanted = [...tried].flatMap(([key, trigger]) => (trigger === name ? [key] : []))
      assert.deepEqual(events.map(({ key }) => key ?? '').toSorted(), wanted.toSorted())
      assert.deepEqual(
        events.map(({ sequence }) => sequence),
        events.map((_, index) => index + 1),
      )
      assert.equal(await triggers.read(name), events.length)
    }
  })

  story('a migration killed half-way leaves nothing of it and is run again', async (t, under) => {
    const child = startProgram(t, 'migrate-halfway.ts', [under.place])
    const [first] = await once(linesOf(child), 'line')
    assert.equal(first, 'half')
    child.kill('SIGKILL')
    await once(child, 'exit')
    const storage = await open(t, under)
    await storage.triggers.define({ name: 'a', at: 1 })
    await storage.close()
    assert.deepEqual(await under.ask("select value from meta where name = 'schema'"), [
      { value: String(migrations.length) },
    ])
    await assert.rejects(under.ask('select a from half'), /half/)
  })
}

interface Acknowledgement {
  readonly trigger: string
  readonly sequence: number
}

/** Runs writers until they have printed so many acknowledgements, kills them, and answers all that they printed. */
async function killAfter(
  t: TestContext,
  words: readonly string[],
  acknowledgements: number,
): Promise<string[][]> {
  const child = startProgram(t, 'raise-triggers.ts', words)
  const lines: string[][] = []
  let left = acknowledgements
  for await (const line of linesOf(child)) {
    lines.push(line.split(' '))
    if (line.startsWith('ack')) left -= 1
    if (left === 0) child.kill('SIGKILL')
  }
  return lines
}

export function startProgram(
  t: TestContext,
  program: string,
  words: readonly string[],
  before: readonly string[] = [],
): ChildProcess {
  const path = fileURLToPath(new URL(`../support/programs/${program}`, import.meta.url))
  const [first = '', ...rest] = [...before, process.execPath, path, ...words]
  const child = spawn(first, rest, { stdio: ['ignore', 'pipe', 'inherit'] })
  afterwards(t, () => child.kill('SIGKILL'))
  return child
}

export function linesOf(child: ChildProcess): Interface {
  assert.ok(child.stdout !== null)
  return createInterface({ input: child.stdout })
}
