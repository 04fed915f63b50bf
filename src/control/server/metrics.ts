/** Counts for Prometheus. */
export interface Metrics {
  countRequest(route: string, status: number, seconds: number): void
  /** Something that goes up and down, read when asked. */
  gauge(name: string, help: string, read: () => number): void
  text(): string
}

const bounds = [0.005, 0.025, 0.1, 0.5, 2.5, 10, 30] as const

interface Series {
  count: number
  sum: number
  readonly within: number[]
}

/** Routes and statuses are few, so that no caller can make series. */
export function openMetrics(): Metrics {
  const requests = new Map<string, Series>()
  const gauges: { name: string; help: string; read: () => number }[] = []
  return {
    countRequest: (route, status, seconds) => {
      const labels = `route="${route}",status="${status}"`
      const series = requests.get(labels) ?? { count: 0, sum: 0, within: bounds.map(() => 0) }
      requests.set(labels, series)
      series.count += 1
      series.sum += seconds
      bounds.forEach((bound, index) => {
        if (seconds <= bound) series.within[index] = (series.within[index] ?? 0) + 1
      })
    },
    gauge: (name, help, read) => void gauges.push({ name, help, read }),
    text: () => `${[...gauges.flatMap(gaugeLines), ...requestLines(requests)].join('\n')}\n`,
  }
}

function gaugeLines(gauge: { readonly name: string; readonly help: string; read(): number }) {
  const { name, help } = gauge
  return [`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, `${name} ${gauge.read()}`]
}

const histogram = 'sluice_http_request_seconds'

function requestLines(requests: ReadonlyMap<string, Series>): string[] {
  const head = [
    `# HELP ${histogram} Time from a request's head to its answer.`,
    `# TYPE ${histogram} histogram`,
  ]
  const lines = [...requests].flatMap(([labels, { count, sum, within }]) => [
    ...bounds.map((bound, at) => `${histogram}_bucket{${labels},le="${bound}"} ${within[at] ?? 0}`),
    `${histogram}_bucket{${labels},le="+Inf"} ${count}`,
    `${histogram}_sum{${labels}} ${sum}`,
    `${histogram}_count{${labels}} ${count}`,
  ])
  return [...head, ...lines]
}
