import { AppError } from '../../errors/index.ts'
import type { ServiceSpec } from '../drivers/process-driver.ts'
import { askKeeper } from './ask-keeper.ts'
import { ensureKeeper, type KeeperPlace } from './ensure-keeper.ts'
import { readService, readTimer } from './keeper-files.ts'
import type { KeeperRequest, RevertTimer } from './keeper-protocol.ts'
import { endService, type EndedService } from './launch-service.ts'

/** Commands that run at a deadline unless they are disarmed. */
export interface RevertTimers {
  /** Returns when the timer is durable; arming again replaces it. */
  arm(timer: RevertTimer): Promise<void>
  /** Success also when there is no such timer. */
  disarm(app: string, deployment: string): Promise<void>
}

/** The host's keeper, started when it is needed. Every call may be repeated after a crash. */
export interface KeeperClient extends RevertTimers {
  start(spec: ServiceSpec): Promise<void>
  stop(service: EndedService): Promise<void>
}

export function openKeeperClient(place: KeeperPlace): KeeperClient {
  const ask = (request: KeeperRequest): Promise<unknown> => askEnsured(place, request)
  return {
    start: async (spec) => void (await ask({ type: 'start', spec })),
    stop: async (service) => {
      const { app, label } = service
      // What is not recorded is not kept: no keeper is started to hear that, and what is left of it ends here.
      if (readService(place.runDir, service) === undefined)
        await endService(place.runDir, service, place.clock)
      else await ask({ type: 'stop', key: { app, label } })
    },
    arm: async (timer) => void (await ask({ type: 'arm', timer })),
    disarm: async (app, deployment) => {
      if (readTimer(place.runDir, app, deployment) === undefined) return
      await ask({ type: 'disarm', app, deployment })
    },
  }
}

/** A keeper may end between our look and our question; every request can be asked twice. */
async function askEnsured(place: KeeperPlace, request: KeeperRequest): Promise<unknown> {
  for (let tries = 1; ; tries++) {
    await ensureKeeper(place)
    try {
      return await askKeeper(place.runDir, request)
    } catch (error) {
      const isGone = error instanceof AppError && error.retryable
      if (!isGone || tries === 3) throw error
    }
  }
}
