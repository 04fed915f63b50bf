import { loadavg } from 'node:os'

/** One number of a bench, beside what it should be. */
export interface Measure {
  readonly what: string
  readonly value: number
  readonly unit: string
  /** The largest value that is right; absent for what is only published. */
  readonly aim?: number
  /** Whether missing the aim fails the whole run: a promise, not a speed. */
  readonly promise?: boolean
  /** What the number was made of. */
  readonly detail: string
  /** The machine's load when it was taken, where a bench takes long; see `currentLoad`. */
  readonly load?: number
}

export interface BenchOptions {
  /** How often traffic is switched, where a bench does that. */
  readonly switches: number
  /** Says what is being measured now, for whoever waits. */
  readonly tell: (what: string) => void
}

/** Something that can be measured by itself. */
export interface Bench {
  readonly name: string
  readonly summary: string
  run(options: BenchOptions): Promise<readonly Measure[]>
}

export interface TakenMeasure extends Measure {
  readonly bench: string
  readonly load: number
}

export type Verdict = 'met' | 'missed' | 'broken' | 'published'

export async function takeMeasures(bench: Bench, options: BenchOptions): Promise<TakenMeasure[]> {
  const before = currentLoad()
  const measures = await bench.run(options)
  const load = Math.max(before, currentLoad())
  return measures.map((measure) => ({ load, ...measure, bench: bench.name }))
}

/** One minute's average of processes that run or want to. */
export function currentLoad(): number {
  return loadavg()[0] ?? 0
}

/** `broken` is a promise that was not kept; `missed` an aim that was not reached. */
export function verdictOf({ value, aim, promise }: Measure): Verdict {
  if (aim === undefined) return 'published'
  if (value <= aim) return 'met'
  return promise === true ? 'broken' : 'missed'
}
