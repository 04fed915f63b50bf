import { readFileSync } from 'node:fs'

import type { Target } from '../routes.ts'

/** Connections that a deploy has accepted (or is about to), as the kernel lists them. */
export function countConnections(target: Target): number {
  return target.kind === 'tcp' ? countTcp(target.port) : countUnix(`${target.directory}/app.sock`)
}

/** Column 1 is the local address, 3 the state; 01 is ESTABLISHED. */
function countTcp(port: number): number {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const rows = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap(readRows)
  return rows.filter((row) => row[1]?.endsWith(suffix) === true && row[3] === '01').length
}

/** Accepted sockets carry the listener's path; column 3 has flag 00010000 for the listener, 5 is the state (03 connected). */
function countUnix(path: string): number {
  return readRows('/proc/net/unix').filter(
    (row) => row[7] === path && row[3] !== '00010000' && row[5] === '03',
  ).length
}

function readRows(file: string): string[][] {
  try {
    const lines = readFileSync(file, 'utf8').split('\n')
    return lines.slice(1).map((line) => line.trim().split(/\s+/))
  } catch {
    return []
  }
}
