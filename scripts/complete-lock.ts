import { readFileSync } from 'node:fs'

import { replaceFile } from '../src/system/index.ts'
import { inProject, runScript } from './project.ts'

// `npm run lock`, after every `npm install` that changes a dependency.
//
// A registry mirror may hold the tools' native parts for some platforms only. npm then leaves the others out of
// package-lock.json, and `npm ci` refuses that file as incomplete. This adds them; on the platform that they
// name npm fetches them, everywhere else it only wants to see them.

interface LockedPackage {
  readonly version: string
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly dev?: boolean
  readonly optional?: boolean
  readonly os?: readonly string[]
  readonly cpu?: readonly string[]
  readonly libc?: readonly string[]
}

interface Lock {
  readonly packages: Readonly<Record<string, LockedPackage>>
}

/** The lock with an entry for every optional dependency that it lacks. */
export function completeLock(lock: Lock): Lock {
  const { packages } = lock
  const missing = Object.values(packages).flatMap(({ optionalDependencies = {}, dev = false }) =>
    Object.entries(optionalDependencies)
      .filter(([name]) => packages[`node_modules/${name}`] === undefined)
      .map(
        ([name, version]) => [`node_modules/${name}`, platformPackage(name, version, dev)] as const,
      ),
  )
  const entries = [...Object.entries(packages), ...missing]
  const sorted = entries.toSorted(([left], [right]) => (left < right ? -1 : 1))
  return { ...lock, packages: Object.fromEntries(sorted) }
}

/** `@oxlint/binding-linux-arm64-musl` tells its platform by its name. */
function platformPackage(name: string, version: string, dev: boolean): LockedPackage {
  const words = name.replace('aarch64', 'arm64').split(/[/-]/)
  const os = words.filter((word) => systems.has(word))
  const cpu = words.filter((word) => processors.has(word))
  if (os.length === 0 || cpu.length === 0) throw new Error(`${name} names no platform`)
  const libc = words.includes('musl') ? { libc: ['musl'] } : {}
  return { version, cpu, ...(dev ? { dev } : {}), ...libc, optional: true, os }
}

const systems = new Set(['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32'])
const processors = new Set(['arm', 'arm64', 'ia32', 'ppc64', 'riscv64', 's390x', 'x64'])

if (import.meta.main) {
  await runScript(async () => {
    const path = inProject('package-lock.json')
    const lock = JSON.parse(readFileSync(path, 'utf8')) as Lock
    replaceFile(path, `${JSON.stringify(completeLock(lock), undefined, 2)}\n`, { mode: 0o644 })
  })
}
