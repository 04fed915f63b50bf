import { createHash } from 'node:crypto'

import type { Clock } from '../../system/index.ts'
import type { TriggerDefinition } from '../settings/server-settings.ts'
import type { Decider } from '../storage/deployment-records.ts'
import type { NewStart, WaitingRaise } from '../storage/start-records.ts'
import type { Storage } from '../storage/storage.ts'
import { pause } from './prune.ts'

/** What raises start: a deployment, or a script on hosts. The last raise wins while an earlier one waits or is under way. */
export interface Starts {
  /** The id of what a raise starts, unless a later one supersedes it; undefined when its trigger starts nothing. */
  idOf(trigger: string, sequence: number): string | undefined
  /** Starts what the last raise of a trigger is for, if nobody has yet; it goes on behind the answer. */
  takeUp(trigger: string): void
  /** The same for all triggers: after a crash, and when what they waited for has ended. */
  look(): Promise<void>
  /** Resolves when what was begun is done. */
  close(): Promise<void>
}

export interface StartsOptions {
  readonly storage: Pick<Storage, 'starts' | 'releases' | 'epoch'>
  readonly definitions: ReadonlyMap<string, TriggerDefinition>
  readonly clock: Clock
  readonly decide: () => Decider
  /** Milliseconds between looks at what was not taken up; 1,000 unless told. */
  readonly lookEvery?: number
}

type Definition = NonNullable<TriggerDefinition['starts']>

export function openStarts(options: StartsOptions): Starts {
  const { storage, definitions } = options
  const running = new Map<string, Promise<void>>()
  const again = new Set<string>()
  const closing = new AbortController()

  async function run(trigger: string, definition: Definition): Promise<void> {
    do {
      again.delete(trigger)
      await takeUpLast(options, trigger, definition)
    } while (again.has(trigger) && !closing.signal.aborted)
  }
  function takeUp(trigger: string): void {
    const definition = definitions.get(trigger)?.starts
    if (definition === undefined || closing.signal.aborted) return
    if (running.has(trigger)) return void again.add(trigger)
    const work = run(trigger, definition)
      // Only a database in trouble gets here, and the next look tries again.
      .catch(() => undefined)
      .finally(() => running.delete(trigger))
    running.set(trigger, work)
  }
  async function look(): Promise<void> {
    if (names.length === 0) return
    for (const { trigger } of await storage.starts.waiting(names)) takeUp(trigger)
  }
  async function keepLooking(): Promise<void> {
    do await look().catch(() => undefined)
    while (await pause(options.clock, options.lookEvery ?? 1000, closing.signal))
  }
  const starting = [...definitions].filter(([, { starts }]) => starts !== undefined)
  const names = starting.map(([name]) => name)
  const looking = names.length === 0 ? undefined : keepLooking()
  return {
    takeUp,
    idOf: (trigger, sequence) => {
      const definition = definitions.get(trigger)?.starts
      return definition && startId(storage.epoch, { trigger, sequence }, definition)
    },
    look,
    close: async () => {
      closing.abort()
      await looking
      await Promise.all(running.values())
    },
  }
}

/** One for each raise of each life of the database: trying again starts nothing twice. */
function startId(epoch: string, { trigger, sequence }: WaitingRaise, starts: Definition): string {
  const hash = createHash('sha256').update(`${epoch}:${trigger}:${sequence}`).digest('hex')
  return `${'deploy' in starts ? 'd' : 's'}-${hash.slice(0, 20)}`
}

async function takeUpLast(
  options: StartsOptions,
  trigger: string,
  definition: Definition,
): Promise<void> {
  const { storage } = options
  for (;;) {
    const [raise] = await storage.starts.waiting([trigger])
    if (raise === undefined) return
    const start = await planStart(options, raise, definition)
    const taken = await storage.starts.takeUp(raise, start)
    // Gone: a later raise has come, and is looked for next.
    if (taken.kind === 'waits') return
  }
}

async function planStart(
  { storage, clock, decide }: StartsOptions,
  raise: WaitingRaise,
  definition: Definition,
): Promise<NewStart> {
  const { trigger, sequence } = raise
  const id = startId(storage.epoch, raise, definition)
  const by = `${trigger}/${sequence}`
  const at = clock.now()
  if ('script' in definition) {
    const { script, to: selector } = definition
    return { kind: 'script', selector, runs: { id, script, trigger, sequence, by, at } }
  }
  const { app, release: wanted, to: selector } = definition.deploy
  const release = await storage.releases.find({ name: app, wanted })
  if (release === undefined)
    return { kind: 'nothing', reason: `no release of ${app} is "${wanted}"` }
  const { digest } = release
  const request = { id, app, digest, selector, endpoints: null, reason: null, by, at }
  const source = 'trigger'
  return {
    kind: 'deployment',
    request: { ...request, source, requestDigest: id },
    decide: decide(),
  }
}
