import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'

import { errnoOf } from '../errors/index.ts'

/** What names one process for ever: pids are reused, these three together are not. */
export interface ProcessIdentity {
  readonly bootId: string
  readonly pid: number
  /** Field 22 of /proc/PID/stat: clock ticks after boot. */
  readonly startTime: string
}

/** The id of the running kernel's boot. */
export function bootId(): string {
  ownBoot ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  return ownBoot
}

let ownBoot: string | undefined

/** The identity of a live process, or undefined when there is none of that pid (a zombie counts as ended). */
export function identify(pid: number): ProcessIdentity | undefined {
  const fields = statFields(pid)
  if (fields === undefined || fields.state === 'Z' || fields.state === 'X') return undefined
  return { bootId: bootId(), pid, startTime: fields.startTime }
}

/** Whether that very process still runs. */
export function isAlive(identity: ProcessIdentity): boolean {
  const now = identify(identity.pid)
  return now !== undefined && now.startTime === identity.startTime && now.bootId === identity.bootId
}

/** Sends a signal to that very process; false when it is gone. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isAlive(identity)) return false
  return sendSignal(identity.pid, signal)
}

/** Sends a signal to a pid, or to a process group when negative; false when there is none. */
export function sendSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal)
    return true
  } catch (error) {
    if (errnoOf(error) === 'ESRCH') return false
    throw error
  }
}

/** Pids of all live processes whose environment has exactly `NAME=value`; those of other users are left out. */
export function pidsWithVariable(name: string, value: string): number[] {
  const wanted = Buffer.from(`${name}=${value}\0`)
  return allPids().filter((pid) => {
    const environment = readProc(`/proc/${pid}/environ`)
    if (environment === undefined) return false
    const at = environment.indexOf(wanted)
    return (at === 0 || (at > 0 && environment[at - 1] === 0)) && identify(pid) !== undefined
  })
}

/** A process and everything that descends from it, as far as the parents still live. */
export function descendants(pid: number): number[] {
  const children = new Map<number, number[]>()
  for (const candidate of allPids()) {
    const parent = statFields(candidate)?.parent
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), candidate])
  }
  const found = [pid]
  for (const member of found) found.push(...(children.get(member) ?? []))
  return found
}

/** The inode numbers of all sockets that these processes hold open. */
export function socketInodes(pids: Iterable<number>): Set<string> {
  const inodes = new Set<string>()
  for (const pid of pids) {
    for (const descriptor of listDescriptors(pid)) {
      const target = readLink(`/proc/${pid}/fd/${descriptor}`)
      const inode = /^socket:\[(\d+)\]$/.exec(target ?? '')?.[1]
      if (inode !== undefined) inodes.add(inode)
    }
  }
  return inodes
}

/** The account a live process runs as; undefined when it is gone. */
export function processOwner(pid: number): number | undefined {
  return statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid
}

/** The program name of a live process as the kernel has it (at most 15 bytes), for messages. */
export function processName(pid: number): string | undefined {
  return readProc(`/proc/${pid}/comm`)?.toString('utf8').trim()
}

/** A process that holds one of these sockets open; undefined when it is gone or belongs to somebody we may not look at. */
export function socketHolder(inodes: Iterable<string>): number | undefined {
  const wanted = new Set(inodes)
  return allPids().find((pid) => [...socketInodes([pid])].some((inode) => wanted.has(inode)))
}

/** The inode numbers of the sockets listening on a TCP port, on any address. */
export function tcpListenerInodes(port: number): string[] {
  const portHex = port.toString(16).toUpperCase().padStart(4, '0')
  // Columns: sl local_address rem_address st … uid timeout inode; state 0A is LISTEN.
  const listening = new RegExp(`:${portHex} 0+:0000 0A (?:\\S+ +){5}(\\d+)`, 'g')
  return ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => {
    // A busy server has tens of thousands of lines here, of which one matters.
    const text = readProc(file)?.toString('latin1') ?? ''
    return [...text.matchAll(listening)].flatMap(([, inode]) => inode ?? [])
  })
}

/** The inode numbers of the sockets listening on a unix socket path. */
export function unixListenerInodes(path: string): string[] {
  // Columns: Num RefCount Protocol Flags Type St Inode Path; flag 00010000 is "accepts connections".
  return procLines('/proc/net/unix')
    .filter((columns) => columns[7] === path && columns[3] === '00010000')
    .flatMap((columns) => (columns[6] === undefined ? [] : [columns[6]]))
}

function statFields(pid: number): { state: string; parent: number; startTime: string } | undefined {
  const text = readProc(`/proc/${pid}/stat`)?.toString('latin1')
  if (text === undefined) return undefined
  // The second field is the program name in brackets and may itself hold brackets and spaces.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return { state: fields[0] ?? '', parent: Number(fields[1]), startTime: fields[19] ?? '' }
}

function allPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
}

function listDescriptors(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`)
  } catch {
    // The process ended, or belongs to somebody whose descriptors we may not see.
    return []
  }
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
  }
}

function procLines(path: string): string[][] {
  const text = readProc(path)?.toString('utf8') ?? ''
  return text
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
}

function readProc(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch {
    return undefined
  }
}
