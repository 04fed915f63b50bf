// The text format of Prometheus, written out here: prom-client would add 27 ms of loading and its own histograms of the
// runtime to every process, for what is a page of text made from a few numbers.

export type Labels = Readonly<Record<string, string>>

/** A number that only grows, one for each set of labels. */
export interface Counter {
  add(labels?: Labels, amount?: number): void
}

/** How often something happened, and how much it came to. */
export interface Summary {
  observe(amount: number): void
}

export type Sample = readonly [labels: Labels, value: number]

export interface Metrics {
  counter(name: string, meaning: string): Counter
  summary(name: string, meaning: string): Summary
  /** Values that are looked up when the page is asked for. */
  observed(name: string, meaning: string, how: ObservedOptions): void
  /** The page. */
  render(): Promise<string>
}

export interface ObservedOptions {
  readonly type: 'gauge' | 'counter'
  readonly read: () => Iterable<Sample> | Promise<Iterable<Sample>>
}

/** What the page is to be called. */
export const metricsType = 'text/plain; version=0.0.4; charset=utf-8'

/** Sets of labels of one counter; callers choose some labels, and a page must stay a page. */
const mostSamples = 1000

export function createMetrics(): Metrics {
  const families: (() => Promise<string>)[] = []

  function add(name: string, meaning: string, { type, read }: ObservedType): void {
    families.push(async () => {
      const head = `# HELP ${name} ${meaning}\n# TYPE ${name} ${type}\n`
      const lines = Array.from(await read(), ([suffix, labels, value]) =>
        sampleLine(name + suffix, labels, value),
      )
      return head + lines.slice(0, mostSamples).join('')
    })
  }

  return {
    counter: (name, meaning) => {
      const counts = new Map<string, Sample>()
      add(name, meaning, { type: 'counter', read: () => plain(counts.values()) })
      return {
        add: (labels = {}, amount = 1) => {
          const key = JSON.stringify(labels)
          const present = counts.get(key)?.[1]
          if (present === undefined && counts.size >= mostSamples) return
          counts.set(key, [labels, (present ?? 0) + amount])
        },
      }
    },
    summary: (name, meaning) => {
      let [sum, count] = [0, 0]
      const read = (): SuffixedSample[] => [
        ['_sum', {}, sum],
        ['_count', {}, count],
      ]
      add(name, meaning, { type: 'summary', read })
      return {
        observe: (amount) => {
          sum += amount
          count += 1
        },
      }
    },
    observed: (name, meaning, { type, read }) =>
      add(name, meaning, { type, read: async () => plain(await read()) }),
    render: async () => (await Promise.all(families.map((render) => render()))).join(''),
  }
}

type SuffixedSample = readonly [suffix: string, labels: Labels, value: number]

interface ObservedType {
  readonly type: 'gauge' | 'counter' | 'summary'
  readonly read: () => Iterable<SuffixedSample> | Promise<Iterable<SuffixedSample>>
}

function plain(samples: Iterable<Sample>): SuffixedSample[] {
  return Array.from(samples, ([labels, value]) => ['', labels, value] as const)
}

function sampleLine(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`)
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}\n`
}

function escapeLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
