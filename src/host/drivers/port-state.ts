import { AppError } from '../../errors/index.ts'
import {
  mayInspectOthers,
  processName,
  socketHolder,
  tcpListenerInodes,
} from '../../system/index.ts'

/** @throws AppError `port-taken`, naming who listens on the port, on any address. */
export function assertPortFree(port: number): void {
  const inodes = tcpListenerInodes(port)
  if (inodes.length === 0) return
  throw new AppError('port-taken', `port ${port} is taken by ${describeHolder(inodes)}`, {
    hint: 'stop that process, or deploy with another port',
  })
}

/** Whether anything listens on the port. */
export function isPortTaken(port: number): boolean {
  return tcpListenerInodes(port).length > 0
}

/** Who holds these sockets, in words: `nginx (process 812)`. */
export function describeHolder(inodes: readonly string[]): string {
  const pid = socketHolder(inodes)
  if (pid === undefined) {
    const reason = mayInspectOthers() ? '' : ' (that takes root with CAP_SYS_PTRACE)'
    return `a process that cannot be seen from here${reason}`
  }
  return `${processName(pid) ?? 'a process'} (process ${pid})`
}
