import { dirname, join } from 'node:path'

import { AppError, toAppError } from '../../errors/index.ts'
import { proxyLogPath, proxyPidPath, type ProxyPlace } from '../../proxy/index.ts'
import { makeDirectory, replaceFile } from '../../system/index.ts'
import { readTail } from '../keeper/cap-log.ts'
import { hostUnitName } from './host-units.ts'
import type { Systemctl } from './systemctl.ts'
import { commandLine, milliseconds, path, plain, section } from './unit-syntax.ts'

export interface ProxyUnitOptions extends ProxyPlace {
  /** The program and its first arguments that serve, such as `sluice proxy serve`. */
  readonly command: readonly string[]
  /** Milliseconds that open connections have when it is stopped. */
  readonly drainWithin: number
  readonly unitDirectory: string
  readonly systemctl: Systemctl
}

/**
 * Starts the embedded proxy as a unit, which does not end with the unit that we run in and is started again when
 * it dies. The function returns when the proxy serves. @throws AppError `proxy-failed`
 */
export function createProxyStart(options: ProxyUnitOptions): () => Promise<void> {
  const { unitDirectory, systemctl } = options
  const unit = hostUnitName('proxy', options.runDir)
  const log = proxyLogPath(options)
  return async () => {
    makeDirectory(dirname(log))
    replaceFile(join(unitDirectory, unit), renderProxyUnit(options), { mode: 0o644 })
    await systemctl('daemon-reload')
    try {
      // Not `start`: a unit that is active without serving would be left as it is.
      await systemctl('restart', '--', unit)
    } catch (error) {
      // Whoever asked is told; nothing must go on trying behind their back.
      await systemctl('stop', '--', unit).catch(() => undefined)
      await systemctl('reset-failed', '--', unit).catch(() => undefined)
      throw new AppError('proxy-failed', `systemd could not start ${unit}`, {
        cause: error,
        output: readTail(log, 2048) || (toAppError(error).output ?? ''),
        hint: `look at ${log} and \`journalctl -u ${unit}\``,
      })
    }
  }
}

// Ends well when the pid file names the process, which is when it serves, and as the process did when that ended first.
const starter = `"$@" &
while kill -0 "$!"; do
  read -r pid < "$0" && [ "$pid" = "$!" ] && exit
  sleep 0.02
done 2> /dev/null
wait "$!"`

/**
 * Forking with a PID file, because the proxy moves to a new process when it hands over its sockets: systemd follows
 * the file then, and would end a service of any other type together with the old process.
 */
export function renderProxyUnit(options: ProxyUnitOptions): string {
  const words = [...options.command, '--root', options.root, '--run-dir', options.runDir]
  const output = `append:${path(proxyLogPath(options))}`
  return section('Unit', [
    ['Description', plain(`sluice proxy of ${options.root}`)],
    ['After', 'network.target'],
    ['StartLimitIntervalSec', '0'],
  ]).concat(
    section('Service', [
      ['Type', 'forking'],
      ['PIDFile', path(proxyPidPath(options))],
      ['ExecStart', commandLine(['/bin/sh', '-c', starter, proxyPidPath(options), ...words])],
      ['KillMode', 'mixed'],
      ['TimeoutStartSec', '20s'],
      ['TimeoutStopSec', milliseconds(options.drainWithin + 5000)],
      ['Restart', 'always'],
      ['RestartSec', '100ms'],
      // The default of 1024 would refuse visitors long before the machine is busy.
      ['LimitNOFILE', '524288'],
      ['StandardOutput', output],
      ['StandardError', output],
    ]),
  )
}
