import type { TestContext } from 'node:test'

import type { AppDesire } from '../../src/protocol/index.ts'
import { hostServiceOn, type HostServiceUnderTest } from './host-service.ts'
import { createMachine, type Machine, type MachineOptions } from './machine.ts'
import type { SampleRelease } from './sample-release.ts'

/** A machine with `sluice host serve` for one app. */
export interface Site {
  readonly machine: Machine
  readonly service: HostServiceUnderTest
  /** States what is wanted of shop: the release of this version, by the deployment of this generation. */
  want(generation: number, phase: AppDesire['phase'], more?: Partial<AppDesire>): Promise<void>
  /** Packs the release of a version as it is to be; a healthy one unless this was called before. */
  sample(version: string, sample: Omit<SampleRelease, 'version'>): Promise<AppDesire['release']>
  /** Takes reports until a deployment's last state is this one. */
  reaches(generation: number, state: string): Promise<void>
  /** Takes reports until a step was told to begin. */
  begins(generation: number, step: string): Promise<void>
  states(generation: number): string[]
  version(): Promise<unknown>
}

export async function openSite(t: TestContext, options: MachineOptions = {}): Promise<Site> {
  const machine = await createMachine(t, options)
  const service = hostServiceOn(machine)
  await service.start()
  const archives = new Map<string, Promise<AppDesire['release']>>()
  const sample: Site['sample'] = (version, words) => {
    const made = machine.pack({ version, ...words }).then((archive) => service.provide(archive))
    archives.set(version, made)
    return made
  }
  return {
    machine,
    service,
    sample,
    want: async (generation, phase, more = {}) => {
      const version = String(generation)
      const release = await (archives.get(version) ?? sample(version, {}))
      const by = 'ada'
      const deployment = `d${generation}`
      const desire = { app: 'shop', generation, deployment, by, release, phase, ...more }
      await service.desire({ apps: [desire] })
    },
    reaches: (generation, state) =>
      service.until(
        `d${generation} to be ${state}`,
        () => service.states(`d${generation}`).at(-1)?.state === state,
      ),
    begins: (generation, step) =>
      service.until(`step ${step} of d${generation} to begin`, () =>
        service.of('deployment-event').some(({ deployment, event }) => {
          const begun = event as { readonly type: string; readonly step?: string }
          return (
            deployment === `d${generation}` && begun.type === 'step-started' && begun.step === step
          )
        }),
      ),
    states: (generation) => service.states(`d${generation}`).map(({ state }) => state),
    version: async () => {
      const { status, body } = await machine.get('/')
      return status === 200 ? (JSON.parse(body) as { version: string }).version : status
    },
  }
}
