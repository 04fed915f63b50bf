import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

import { errnoOf } from '../errors/index.ts'
import type { Clock } from './clock.ts'
import { sendSignal } from './processes.ts'

/** A control group of our own that holds a hook or a deploy, so that nothing it starts can escape. */
export interface ControlGroup {
  readonly path: string
  /** The file a child writes its pid to in order to join. */
  readonly joinFile: string
  /** Moves a process in; false where that is not allowed. */
  join(pid: number): boolean
  pids(): number[]
  /** How often the kernel ended a member for want of memory; 0 where it does not count. */
  outOfMemoryKills(): number
  /** Kills everything in it and removes it; false when something is left after two seconds. */
  kill(clock: Clock): Promise<boolean>
  /** Removes it when empty. */
  remove(): boolean
}

/** Makes (or finds) `sluice/<name>` in the v2 hierarchy, or answers undefined where the user may not. */
export function openControlGroup(name: string): ControlGroup | undefined {
  const mount = findMount()
  if (mount === undefined || isManagedBySystemd()) return undefined
  const path = join(mount, 'sluice', name)
  try {
    mkdirSync(path, { recursive: true })
    accessSync(join(path, 'cgroup.procs'), constants.W_OK)
  } catch {
    return undefined
  }
  return controlGroup(path)
}

/** The group `sluice/<name>` if there is one; looks only. */
export function findControlGroup(name: string): ControlGroup | undefined {
  const mount = findMount()
  const path = mount === undefined ? undefined : join(mount, 'sluice', name)
  return path !== undefined && existsSync(path) ? controlGroup(path) : undefined
}

/** All processes in a control group that somebody else made and in those below it; `path` as systemd tells it. */
export function pidsInGroup(path: string): number[] {
  const mounts = [findMount(), '/sys/fs/cgroup/systemd'].filter((mount) => mount !== undefined)
  const found = mounts.map((mount) => join(mount, path)).find((group) => existsSync(group))
  return found === undefined ? [] : pidsBelow(found)
}

function pidsBelow(path: string): number[] {
  const inner = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  return [...readMembers(path), ...inner.flatMap(({ name }) => pidsBelow(join(path, name)))]
}

/** The v2 mount of this machine: /sys/fs/cgroup, or `unified` below it where v1 has the rest. */
function findMount(): string | undefined {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n')
  const line = lines.find((candidate) => candidate.includes(' - cgroup2 '))
  return line?.split(' ')[4]
}

/** systemd is the single writer of the tree it manages; hooks get units of its own there instead. */
function isManagedBySystemd(): boolean {
  return existsSync('/run/systemd/system')
}

function controlGroup(path: string): ControlGroup {
  const members = (): number[] => readMembers(path)
  return {
    path,
    joinFile: join(path, 'cgroup.procs'),
    join: (pid) => moveInto(path, pid),
    pids: members,
    outOfMemoryKills: () => countMemoryKills(path),
    remove: () => removeGroup(path),
    kill: async (clock) => {
      const deadline = clock.monotonic() + 2000
      killMembers(path)
      while (members().length > 0 && clock.monotonic() < deadline) {
        killMembers(path)
        await clock.sleep(10)
      }
      return removeGroup(path)
    },
  }
}

function moveInto(path: string, pid: number): boolean {
  try {
    writeFileSync(join(path, 'cgroup.procs'), String(pid))
    return true
  } catch {
    // Moving needs rights on the common ancestor too, which a delegated subtree may not give.
    return false
  }
}

function killMembers(path: string): void {
  if (!existsSync(path)) return
  const killFile = join(path, 'cgroup.kill')
  if (existsSync(killFile)) {
    writeFileSync(killFile, '1')
    return
  }
  // Kernels before 5.14 have no cgroup.kill: freeze, so that nothing forks meanwhile, then kill one by one.
  writeFileSync(join(path, 'cgroup.freeze'), '1')
  for (const pid of readMembers(path)) sendSignal(pid, 'SIGKILL')
  writeFileSync(join(path, 'cgroup.freeze'), '0')
}

function countMemoryKills(path: string): number {
  const file = join(path, 'memory.events')
  if (!existsSync(file)) return 0
  return Number(/^oom_kill (\d+)$/m.exec(readFileSync(file, 'utf8'))?.[1] ?? 0)
}

function readMembers(path: string): number[] {
  try {
    return readFileSync(join(path, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENODEV') return []
    throw error
  }
}

function removeGroup(path: string): boolean {
  try {
    rmdirSync(path)
    return true
  } catch (error) {
    return errnoOf(error) === 'ENOENT'
  }
}
