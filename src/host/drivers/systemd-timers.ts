import { runOrFail, type Clock } from '../../system/index.ts'
import type { RevertTimers } from '../keeper/keeper-client.ts'
import { revertUnitName } from './render-unit.ts'
import type { Systemctl } from './systemctl.ts'

export interface SystemdTimerOptions {
  readonly systemctl: Systemctl
  readonly clock: Clock
  /** systemd-run(1); tests name another program. */
  readonly systemdRun?: string
}

/** Revert timers as transient systemd timers: they need no process of ours and are gone after a reboot. */
export function createSystemdTimers(options: SystemdTimerOptions): RevertTimers {
  const { systemctl, clock, systemdRun = 'systemd-run' } = options
  const disarm: RevertTimers['disarm'] = async (app, deployment) => {
    const unit = `${revertUnitName(app, deployment)}.timer`
    // The timer only: a revert that has begun is let finish.
    const state = (await systemctl('show', '--property=LoadState', '--', unit)).trim()
    if (state === 'LoadState=loaded') await systemctl('stop', '--', unit)
  }
  return {
    disarm,
    arm: async ({ app, deployment, deadline, command }) => {
      await disarm(app, deployment)
      const seconds = Math.max(0, deadline - clock.now()) / 1000
      await runOrFail([
        systemdRun,
        '--quiet',
        '--collect',
        `--unit=${revertUnitName(app, deployment)}`,
        `--on-active=${seconds.toFixed(3)}s`,
        '--timer-property=AccuracySec=100ms',
        ...retry,
        '--',
        ...command.map(escapeDollar),
      ])
    },
  }
}

/** A revert that fails, such as for a lock that is held, is tried up to ten times. */
const retry = [
  'Restart=on-failure',
  'RestartSec=1s',
  'StartLimitIntervalSec=1h',
  'StartLimitBurst=10',
].map((setting) => `--property=${setting}`)

/** systemd expands `$NAME` in a service's arguments. */
function escapeDollar(word: string): string {
  return word.replaceAll('$', '$$$$')
}
