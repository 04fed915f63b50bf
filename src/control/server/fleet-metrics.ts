import { createMetrics, type Sample } from '../../metrics/index.ts'
import type { Clock } from '../../system/index.ts'
import type { Figures } from '../storage/figure-records.ts'
import type { Storage } from '../storage/storage.ts'

/** Milliseconds for which figures count as news: whoever asks often costs the database no more. */
const lifetime = 10_000

/** The part of /metrics that is read from the database; answers the page's text. */
export function openFleetMetrics(
  { figures }: Pick<Storage, 'figures'>,
  clock: Clock,
): () => Promise<string> {
  let known: { readonly until: number; readonly figures: Promise<Figures> } | undefined
  function read(): Promise<Figures> {
    if (known === undefined || known.until <= clock.monotonic()) {
      const asked = figures.read()
      known = { until: clock.monotonic() + lifetime, figures: asked }
      asked.catch(() => (known = undefined))
    }
    return known.figures
  }
  const metrics = createMetrics()
  for (const { name, meaning, type, samples } of families) {
    metrics.observed(`sluice_${name}`, meaning, { type, read: async () => samples(await read()) })
  }
  return () => metrics.render()
}

interface Family {
  readonly name: string
  readonly meaning: string
  readonly type: 'gauge' | 'counter'
  readonly samples: (figures: Figures) => Sample[]
}

const families: readonly Family[] = [
  {
    name: 'agents',
    meaning: 'Agents by state.',
    type: 'gauge',
    samples: ({ agentsByState }) => labelled('state', agentsByState),
  },
  {
    name: 'deployments',
    meaning: 'Deployments that are remembered, by state.',
    type: 'gauge',
    samples: ({ deploymentsByState }) => labelled('state', deploymentsByState),
  },
  {
    name: 'deployment_seconds_sum',
    meaning:
      'Time from the request to the end of all deployments that have ended and are remembered.',
    type: 'gauge',
    samples: ({ deploymentTime }) => [[{}, deploymentTime.seconds]],
  },
  {
    name: 'deployment_seconds_count',
    meaning: 'Deployments that have ended and are remembered.',
    type: 'gauge',
    samples: ({ deploymentTime }) => [[{}, deploymentTime.count]],
  },
  {
    name: 'host_apps',
    meaning: 'Apps on hosts by what became of the newest that was desired of them.',
    type: 'gauge',
    samples: ({ hostsByState }) => labelled('state', hostsByState),
  },
  {
    name: 'host_apps_owed',
    meaning: 'Apps on hosts that a committed deployment has still to reach.',
    type: 'gauge',
    samples: ({ hostsOwed }) => [[{}, hostsOwed]],
  },
  {
    name: 'host_apps_drifted',
    meaning: 'Apps on hosts with files that differ from what was deployed.',
    type: 'gauge',
    samples: ({ appsDrifted }) => [[{}, appsDrifted]],
  },
  {
    name: 'host_apps_held',
    meaning: 'Apps on hosts that a person holds.',
    type: 'gauge',
    samples: ({ appsHeld }) => [[{}, appsHeld]],
  },
  {
    name: 'host_parts_back',
    meaning: 'Parts of remembered deployments that a host took back or failed in.',
    type: 'gauge',
    samples: ({ partsBack }) => [[{}, partsBack]],
  },
  {
    name: 'trigger_raises_total',
    meaning: 'How often each trigger was raised.',
    type: 'counter',
    samples: ({ raisesByTrigger }) => labelled('trigger', raisesByTrigger),
  },
]

function labelled(label: string, counts: Readonly<Record<string, number>>): Sample[] {
  return Object.entries(counts).map(([value, count]) => [{ [label]: value }, count])
}
