import { createHash } from 'node:crypto'
import { existsSync, globSync, linkSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'

import { AppError } from '../src/errors/index.ts'
import {
  childEnvironment,
  makeDirectory,
  readIfPresent,
  replaceFile,
  runOrFail,
} from '../src/system/index.ts'
import { buildWithNode } from './build-node.ts'
import { inProject, runScript, taking } from './project.ts'

export type Runtime = 'bun' | 'node'

/** The names the executable answers to; the first is the file, the others are hard links to it. */
export const programNames = ['sluice', 'c2', 'prostagma'] as const

export interface Build {
  /** Where the executables are. */
  readonly folder: string
  /** False when the inputs were those of the last build. */
  readonly rebuilt: boolean
}

/** Makes the executables unless they already come from the present source. */
export function build(runtime: Runtime): Promise<Build> {
  return taking(`build-${runtime}`, async () => {
    const folder = outputFolder(runtime)
    const inputs = hashInputs()
    if (isCurrent(folder, inputs)) return { folder, rebuilt: false }
    const workshop = join(folder, `.workshop.${process.pid}`)
    makeDirectory(workshop)
    try {
      const fresh = join(workshop, programNames[0])
      await (runtime === 'bun'
        ? compileWithBun(entryFile, fresh)
        : buildWithNode(fresh, bunBinary()))
      publish(fresh, folder)
    } finally {
      rmSync(workshop, { recursive: true, force: true })
    }
    replaceFile(stampOf(folder), inputs, { mode: 0o644 })
    return { folder, rebuilt: true }
  })
}

/** Where a runtime's executables go; tests and releases use those of Bun. */
export function outputFolder(runtime: Runtime): string {
  return inProject('dist', runtime === 'bun' ? 'bin' : 'bin-node')
}

/**
 * The flags without which a Bun executable would run the `preload` of a bunfig.toml and load the .env of
 * whatever directory it is started in, as root, in a release's directory.
 */
const autoloadOff = ['--no-compile-autoload-dotenv', '--no-compile-autoload-bunfig']

/** Makes one file of a program in the way the executables are made. */
export async function compileWithBun(entry: string, outputFile: string): Promise<void> {
  const options = ['--compile', '--bytecode', '--format=esm', '--minify-syntax', ...autoloadOff]
  // Bun leaves a temporary file where it is started, so it is started where the result goes.
  await runOrFail([bunBinary(), 'build', ...options, `--outfile=${outputFile}`, entry], {
    cwd: dirname(outputFile),
    env: childEnvironment(),
  })
}

/** Each name is replaced by rename, so a program that is started meanwhile is the old one or the new one. */
function publish(fresh: string, folder: string): void {
  for (const name of programNames) {
    const link = `${fresh}.${name}`
    linkSync(fresh, link)
    renameSync(link, join(folder, name))
  }
}

function isCurrent(folder: string, inputs: string): boolean {
  const stamp = readIfPresent(stampOf(folder))?.toString('utf8')
  return stamp === inputs && programNames.every((name) => existsSync(join(folder, name)))
}

function stampOf(folder: string): string {
  return join(folder, '.inputs')
}

/** A digest of everything that decides what the executable is. */
function hashInputs(): string {
  const sources = globSync(['src/**/*.ts', 'src/**/*.json'], { cwd: inProject() })
  const shipped = sources.filter((path) => !path.endsWith('.test.ts')).toSorted()
  const hash = createHash('sha256')
  for (const path of [...shipped, 'package.json', 'package-lock.json', ...buildScripts]) {
    const content = readFileSync(inProject(path))
    hash.update(`${path} ${content.length}\n`).update(content)
  }
  return hash.digest('hex')
}

const buildScripts = ['scripts/build.ts', 'scripts/build-node.ts']
const entryFile = inProject('src/cli/main.ts')

function bunBinary(): string {
  const platform = process.arch === 'arm64' ? 'bun-linux-aarch64' : 'bun-linux-x64-baseline'
  const path = inProject('node_modules/@oven', platform, 'bin/bun')
  if (existsSync(path)) return path
  throw new AppError('not-found', `Bun for this machine is not installed: ${path}`, {
    hint: 'run `npm ci` (it needs Linux on x64 or arm64)',
  })
}

function readRuntime(): Runtime {
  const { values } = parseArgs({ options: { runtime: { type: 'string', default: 'bun' } } })
  if (values.runtime === 'bun' || values.runtime === 'node') return values.runtime
  throw new AppError('usage', `--runtime is "${values.runtime}", not bun or node`)
}

if (import.meta.main) {
  await runScript(async () => {
    const { folder, rebuilt } = await build(readRuntime())
    const files = programNames.map((name) => join(folder, name)).join(' ')
    console.log(`${files} ${rebuilt ? 'built' : 'are up to date'}`)
  })
}
