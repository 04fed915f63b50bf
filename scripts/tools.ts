import { accessSync, constants, existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { AppError, toAppError } from '../src/errors/index.ts'
import {
  childEnvironment,
  makeDirectory,
  publishDirectory,
  removeTree,
  replaceFile,
  run,
  runOrFail,
} from '../src/system/index.ts'
import { cacheFolder, runScript, taking } from './project.ts'

interface ToolPackage {
  readonly name: string
  /** Where the program is in it. */
  readonly program: string
  /** Packages without which it is of no use, besides libraries. */
  readonly with?: readonly string[]
  /** Other programs in the same folder that are used. */
  readonly besides?: readonly string[]
}

/** Debian's package of each tool. */
const packages = {
  nginx: { name: 'nginx', program: 'usr/sbin/nginx' },
  webhook: { name: 'webhook', program: 'usr/bin/webhook' },
  strace: { name: 'strace', program: 'usr/bin/strace' },
  haproxy: { name: 'haproxy', program: 'usr/sbin/haproxy' },
  mmdebstrap: { name: 'mmdebstrap', program: 'usr/bin/mmdebstrap' },
  zstd: { name: 'zstd', program: 'usr/bin/zstd' },
  zip: { name: 'zip', program: 'usr/bin/zip' },
  minisign: { name: 'minisign', program: 'usr/bin/minisign' },
  'signify-openbsd': { name: 'signify-openbsd', program: 'bin/signify-openbsd' },
  zsh: { name: 'zsh', program: 'bin/zsh', with: ['zsh-common'] },
  fish: { name: 'fish', program: 'usr/bin/fish', with: ['fish-common'] },
  postgres: {
    name: 'postgresql-15',
    program: 'usr/lib/postgresql/15/bin/postgres',
    with: ['libpq5'],
    besides: ['initdb'],
  },
} as const satisfies Record<string, ToolPackage>

export type ToolName = keyof typeof packages

/**
 * The absolute path of a program that tests and benches need: the system's, or else Debian's package unpacked
 * into .cache/tools (no root needed, nothing outside the clone is touched). Safe to call at the same time.
 * A fetched nginx or haproxy has none of its package's configuration: give it `-p`, `-c`, `-e` as needed.
 * @throws AppError `not-found` when there is neither.
 */
export async function ensureTool(tool: ToolName): Promise<string> {
  const ready = presentTool(tool)
  if (ready !== undefined) return ready
  return await taking('tools', async () => {
    if (fetchedProgram(tool) === undefined) await fetchTool(tool)
    return fetchedProgram(tool) ?? missing(tool, 'its package holds no such program')
  })
}

/** The program if it is here already; nothing is fetched. */
export function presentTool(tool: ToolName): string | undefined {
  return installedProgram(tool) ?? fetchedProgram(tool)
}

function installedProgram(tool: ToolName): string | undefined {
  const path = `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin`
  const folders = path.split(':').filter((folder) => folder.startsWith('/'))
  return folders.map((folder) => join(folder, tool)).find(isExecutable)
}

/** The program itself, or the starter written beside it when it needs libraries that the system lacks. */
function fetchedProgram(tool: ToolName): string | undefined {
  const program = join(toolFolder(tool), packages[tool].program)
  return [`${program}.start`, program].find(isExecutable)
}

function toolFolder(tool: ToolName): string {
  return join(cacheFolder, 'tools', tool)
}

async function fetchTool(tool: ToolName): Promise<void> {
  const staging = join(cacheFolder, 'tools', `.${tool}.${process.pid}`)
  makeDirectory(staging)
  try {
    const { name, with: others = [] }: ToolPackage = packages[tool]
    const lists = await unpackPackages([name, ...others], staging, systemLists)
    await addLibraries(tool, staging, lists)
    publishDirectory(staging, toolFolder(tool))
  } catch (thrown) {
    const { message, output } = toAppError(thrown)
    missing(tool, [message, output].filter((part) => part !== undefined).join('\n'))
  } finally {
    removeTree(staging)
  }
}

/** Fetches what the program's package depends on, level by level, until nothing is missing to start it. */
async function addLibraries(tool: ToolName, root: string, lists: AptLists): Promise<void> {
  const program = join(root, packages[tool].program)
  let level: readonly string[] = [packages[tool].name]
  for (let depth = 0; depth < 4 && (await lacksLibraries(program, root)); depth++) {
    level = await absentLibraries(level, lists)
    if (level.length > 0) await unpackPackages(level, root, lists)
  }
  if (
    libraryPath(root)
      .split(':')
      .some((folder) => existsSync(folder))
  ) {
    for (const path of programsOf(packages[tool]))
      replaceFile(`${join(root, path)}.start`, starter(path), { mode: 0o755 })
  }
}

function programsOf({ program, besides = [] }: ToolPackage): string[] {
  return [program, ...besides.map((name) => join(dirname(program), name))]
}

/** A program that starts another with the libraries that were unpacked beside it, wherever the clone is. */
function starter(program: string): string {
  const root = `\${0%/${program}.start}`
  return `#!/bin/sh\nLD_LIBRARY_PATH="${libraryPath(root)}" exec "${root}/${program}" "$@"\n`
}

async function lacksLibraries(program: string, root: string): Promise<boolean> {
  const env = childEnvironment({ LD_LIBRARY_PATH: libraryPath(root) })
  const { stdout } = await run(['ldd', program], { env })
  return stdout.includes('not found')
}

function libraryPath(root: string): string {
  const triplet = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu'
  return [`usr/lib/${triplet}`, `lib/${triplet}`].map((part) => join(root, part)).join(':')
}

async function absentLibraries(names: readonly string[], lists: AptLists): Promise<string[]> {
  const answer = await runOrFail(['apt-cache', ...lists, 'depends', '--important', ...names])
  const needed = [...answer.matchAll(/Depends: (lib\S+)/g)].map((match) => match[1] ?? '')
  const absent: string[] = []
  for (const name of new Set(needed)) {
    const { stdout } = await run(['dpkg-query', '-W', '-f', '${db:Status-Status}', name])
    if (stdout !== 'installed') absent.push(name)
  }
  return absent
}

/** Options of apt that choose its package lists. */
type AptLists = readonly string[]

const systemLists: AptLists = []

/** Unpacks packages into `root` and answers the lists that knew them: the system's, or fresh ones of our own. */
async function unpackPackages(
  names: readonly string[],
  root: string,
  lists: AptLists,
): Promise<AptLists> {
  const folder = `${root}.packages`
  makeDirectory(folder)
  try {
    const used = await download(names, folder, lists)
    for (const file of readdirSync(folder))
      await runOrFail(['dpkg', '-x', join(folder, file), root])
    return used
  } finally {
    removeTree(folder)
  }
}

async function download(
  names: readonly string[],
  folder: string,
  lists: AptLists,
): Promise<AptLists> {
  const command = ['apt-get', ...patience, ...lists, 'download', ...names]
  const { status } = await run(command, { cwd: folder, timeout: 120_000 })
  if (status === 0) return lists
  const fresh = await freshLists()
  const retry = ['apt-get', ...patience, ...fresh, 'download', ...names]
  await runOrFail(retry, { cwd: folder, timeout: 120_000 })
  return fresh
}

/** Package lists in .cache/apt, because those of the system may be absent or too old and need root. */
async function freshLists(): Promise<AptLists> {
  const folder = join(cacheFolder, 'apt')
  makeDirectory(join(folder, 'state/lists/partial'))
  makeDirectory(join(folder, 'cache/archives/partial'))
  const settings = [
    `Dir::State=${folder}/state`,
    'Dir::State::status=/var/lib/dpkg/status',
    `Dir::Cache=${folder}/cache`,
    'APT::Sandbox::User=',
  ]
  const lists = settings.flatMap((setting) => ['-o', setting])
  await runOrFail(['apt-get', ...patience, ...lists, 'update'], { timeout: 180_000 })
  return lists
}

/** So that a machine without a network learns it soon. */
const patience = ['Acquire::Retries=1', 'Acquire::http::Timeout=15'].flatMap((it) => ['-o', it])

function missing(tool: ToolName, reason: string): never {
  throw new AppError(
    'not-found',
    `${tool} is not on this machine and cannot be fetched: ${reason}`,
    {
      hint: `install it (apt-get install ${packages[tool].name}) or run once with a network`,
    },
  )
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

if (import.meta.main) {
  await runScript(async () => {
    for (const tool of process.argv.slice(2)) {
      if (!(tool in packages)) throw new AppError('usage', `"${tool}" is not a known tool`)
      console.log(await ensureTool(tool as ToolName))
    }
  })
}
