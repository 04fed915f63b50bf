import { accessSync, constants, readFileSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'

const memory = '/dev/shm'

/** Bytes that the tests use at the most at one time, generously. */
const wanted = 4 * 1024 ** 3

/**
 * Where tests make their temporary folders: in memory where there is room and programs may be started, because a disk
 * that others write to can hold up a flush for half a minute. Programs are killed in tests, the machine is not.
 */
export function testFolder(): string {
  try {
    accessSync(memory, constants.W_OK)
    const { bavail, bsize } = statfsSync(memory)
    return bavail * bsize >= wanted && mayStartPrograms() ? memory : tmpdir()
  } catch {
    return tmpdir()
  }
}

function mayStartPrograms(): boolean {
  const mounts = readFileSync('/proc/mounts', 'utf8').split('\n')
  const options = mounts.find((line) => line.split(' ')[1] === memory)?.split(' ')[3] ?? ''
  return !options.split(',').includes('noexec')
}
