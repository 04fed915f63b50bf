import type { Send } from './plan-sends.ts'
import type { Told } from './poll-flapping.ts'
import type { Acknowledgement } from './raise-all.ts'

/** A raise as the database has it. */
export interface RecordedRaise extends Send {
  readonly sequence: number
}

export interface StormRecord {
  readonly sends: readonly Send[]
  readonly acknowledged: readonly Acknowledgement[]
  /** Per trigger by sequence. */
  readonly recorded: readonly RecordedRaise[]
  /** The database's last sequence of each trigger. */
  readonly counters: ReadonlyMap<string, number>
  readonly epoch: string
  /** What each poller was told. */
  readonly told: readonly (readonly Told[])[]
  /** `trigger/sequence` of the raises in the audit log. */
  readonly audited: ReadonlySet<string>
}

/** What a storm has broken, in words; empty when nothing was lost, doubled, or told wrongly. */
export function judgeStorm(record: StormRecord): string[] {
  return [
    ...judgeKeys(record),
    ...judgeSequences(record),
    ...judgeAcknowledgements(record),
    ...record.told.flatMap((told, poller) => judgePoller(record, told, poller)),
  ]
}

function judgeKeys({ sends, recorded }: StormRecord): string[] {
  const sent = new Set(sends.map(nameOf))
  const counts = new Map<string, number>()
  for (const raise of recorded) counts.set(nameOf(raise), (counts.get(nameOf(raise)) ?? 0) + 1)
  return [
    ...[...sent].filter((name) => !counts.has(name)).map((name) => `lost: ${name}`),
    ...[...counts].flatMap(([name, count]) => (count > 1 ? [`doubled: ${name}`] : [])),
    ...[...counts.keys()].filter((name) => !sent.has(name)).map((name) => `never sent: ${name}`),
  ]
}

function judgeSequences({ recorded, counters }: StormRecord): string[] {
  const reached = new Map<string, number>()
  const faults: string[] = []
  for (const { trigger, sequence } of recorded) {
    const expected = (reached.get(trigger) ?? 0) + 1
    if (sequence !== expected) faults.push(`${trigger} has ${sequence} in place of ${expected}`)
    reached.set(trigger, sequence)
  }
  for (const [trigger, counter] of counters)
    if (counter !== (reached.get(trigger) ?? 0))
      faults.push(`${trigger} counts ${counter}, its last raise is ${reached.get(trigger) ?? 0}`)
  return faults
}

function judgeAcknowledgements({ acknowledged, recorded, audited, epoch }: StormRecord): string[] {
  const sequences = new Map(recorded.map((raise) => [nameOf(raise), raise.sequence]))
  const firsts = new Set<string>()
  return acknowledged.flatMap((one) => {
    const name = nameOf(one)
    const faults: string[] = []
    if (sequences.get(name) !== one.sequence)
      faults.push(`${name} was acknowledged as ${one.sequence}, and is ${sequences.get(name)}`)
    if (one.epoch !== epoch) faults.push(`${name} was acknowledged in the epoch ${one.epoch}`)
    if (!audited.has(`${one.trigger}/${one.sequence}`)) faults.push(`${name} is not audited`)
    if (!one.isRepeat && firsts.has(name)) faults.push(`${name} was acknowledged as new twice`)
    if (!one.isRepeat) firsts.add(name)
    return faults
  })
}

function judgePoller(
  { counters, epoch }: StormRecord,
  told: readonly Told[],
  poller: number,
): string[] {
  const faults: string[] = []
  let last = 0
  for (const { trigger, epoch: toldEpoch, sequence } of told) {
    if (toldEpoch !== epoch) faults.push(`poller ${poller} was told the epoch ${toldEpoch}`)
    if (sequence < last) faults.push(`poller ${poller} was told ${sequence} after ${last}`)
    if (sequence > (counters.get(trigger) ?? 0))
      faults.push(`poller ${poller} was told ${sequence}, which is not durable`)
    last = sequence
  }
  const end = counters.get(told[0]?.trigger ?? '') ?? 0
  if (last < end) faults.push(`poller ${poller} was never told ${end}`)
  return faults
}

function nameOf({ trigger, key }: Send): string {
  return `${trigger} ${key}`
}
