import { bootId, isAlive } from '../../system/index.ts'
import type { KeeperClient } from '../keeper/keeper-client.ts'
import { readService } from '../keeper/keeper-files.ts'
import { serviceProcesses } from '../keeper/launch-service.ts'
import type { ProcessDriver, ServiceSpec, ServiceState } from './process-driver.ts'

/** Runs deploys under the host's keeper. Looking needs no keeper: its records tell. */
export function createSupervisedDriver(runDir: string, keeper: KeeperClient): ProcessDriver {
  return {
    name: 'supervised',
    start: (spec) => keeper.start(spec),
    stop: (spec) => keeper.stop(spec),
    observe: async (spec) => observeService(runDir, spec),
    ownPids: async (spec) => serviceProcesses(runDir, spec).each(),
  }
}

function observeService(runDir: string, spec: Pick<ServiceSpec, 'app' | 'label'>): ServiceState {
  const record = readService(runDir, spec)
  if (record === undefined || record.bootId !== bootId()) return { state: 'stopped' }
  const { main, restarts, lastEnd } = record
  if (main !== undefined && isAlive(main)) return { state: 'running', pid: main.pid, restarts }
  if (record.wanted === 'stopped') return { state: 'stopped' }
  return { state: 'failing', restarts, lastEnd: lastEnd ?? 'ended just now' }
}
