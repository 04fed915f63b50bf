import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

import { descendants } from '../src/system/index.ts'

let ticksPerSecond: number | undefined

/** Seconds of processor time that a process and all its descendants have used so far, user and system. */
export function processorTime(pid: number): number {
  ticksPerSecond ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
  const ticks = descendants(pid).map(ticksOf)
  return ticks.reduce((sum, count) => sum + count, 0) / ticksPerSecond
}

/** Fields 14 and 15 of /proc/PID/stat, counted behind the name, which may hold anything. */
function ticksOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return Number(fields[11]) + Number(fields[12])
}
