import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'

import { afterwards } from './afterwards.ts'
import { bareZip, type ZipParts } from './build-zip.ts'
import { temporaryFolder } from './temp-folder.ts'
import { builtProgram } from './tools.ts'

export interface Camus2Result {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface SampleScripts {
  readonly templates?: readonly string[]
  readonly prestartCommand?: string
  readonly startCommand?: string
  readonly stopCommand?: string
  readonly configSources?: Readonly<Record<string, string>>
}

/** A machine with the built c2, its configuration, a release store and a fake docker, all in one folder. */
export interface Camus2Machine {
  readonly root: string
  readonly program: string
  readonly deploys: string
  readonly docker: string
  readonly env: Record<string, string>
  /** Runs c2 and waits for it. */
  c2(...words: string[]): Camus2Result
  /** The same, failing unless it ends with 0. */
  succeed(...words: string[]): string
  /** Starts c2 and does not wait. */
  begin(...words: string[]): ChildProcess
  /** Writes etc/camus2.json; what is given goes over a configuration that works. */
  configure(config: Readonly<Record<string, unknown>>): void
  /** Puts a release into the store. */
  release(name: string, scripts?: SampleScripts, files?: Readonly<Record<string, string>>): void
  /** Puts any archive into the store. */
  archive(name: string, entries: readonly ZipParts[]): void
  /** Words of the calls of docker so far, without the question whether there is a compose plugin. */
  dockerCalls(): string[]
  read(path: string): string
  state(): { deploys: Record<string, { port: number }>; connections: Record<string, string> }
}

export function createCamus2Machine(test: Pick<TestContext, 'after'>): Camus2Machine {
  const root = temporaryFolder(test)
  const at = (...parts: string[]): string => join(root, ...parts)
  for (const folder of ['bin', 'etc', 'deploys', 'releases', 'docker', 'tools'])
    mkdirSync(at(folder))
  placeProgram(at('bin/c2'))
  symlinkSync(new URL('fake-docker.sh', import.meta.url).pathname, at('tools/docker'))
  const env = {
    PATH: `${at('tools')}:${process.env['PATH'] ?? ''}`,
    HOME: root,
    FAKE_DOCKER: at('docker'),
  }
  const options = { cwd: at('bin'), env, encoding: 'utf8' } as const
  const c2 = (...words: string[]): Camus2Result => spawnSync(at('bin/c2'), words, options)
  const machine: Camus2Machine = {
    root,
    program: at('bin/c2'),
    deploys: at('deploys'),
    docker: at('docker'),
    env,
    c2,
    succeed: (...words) => {
      const { status, stdout, stderr } = c2(...words)
      if (status !== 0) throw new Error(`c2 ${words.join(' ')}: ${status}\n${stdout}${stderr}`)
      return stdout
    },
    begin: (...words) => {
      const child = spawn(at('bin/c2'), words, { cwd: at('bin'), env, stdio: 'ignore' })
      afterwards(test, () => child.kill('SIGKILL'))
      return child
    },
    configure: (config) => {
      writeFileSync(at('etc/camus2.json'), JSON.stringify({ ...usualConfig(root), ...config }))
    },
    release: (name, scripts = {}, files = {}) => {
      const entries = Object.entries(files).map(([file, content]) => ({ name: file, content }))
      writeFileSync(at('releases', name), bareZip([releaseJson(scripts), ...entries]))
    },
    archive: (name, entries) => writeFileSync(at('releases', name), bareZip(entries)),
    dockerCalls: () => dockerCalls(at('docker/calls')),
    read: (path) => readFileSync(at(path), 'utf8'),
    state: () => JSON.parse(readFileSync(at('deploys/frontend-proxy/state.json'), 'utf8')),
  }
  machine.configure({})
  return machine
}

/** The configuration of proxy mode with the endpoints `main` and `test`. */
export function proxyMode(more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    deployMode: {
      proxy: {
        endPoints: {
          main: { serverNames: ['a.example', 'www.a.example'], etype: 'httpOnly' },
          test: { serverNames: ['t.example'], etype: 'httpOnly' },
        },
        ...more,
      },
    },
  }
}

export function releaseJson(scripts: SampleScripts): ZipParts {
  const quiet = { templates: [], prestartCommand: '', startCommand: '', stopCommand: '' }
  return { name: 'release.json', content: JSON.stringify({ ...quiet, ...scripts }) }
}

function usualConfig(root: string): Record<string, unknown> {
  return {
    deploysDir: join(root, 'deploys'),
    contextCache: join(root, 'cache'),
    logFile: join(root, 'camus2.log'),
    letsencryptPrefixDir: join(root, 'le'),
    letsencryptWwwDir: join(root, 'www'),
    releases: { localdir: join(root, 'releases') },
  }
}

/** A hard link where the disk is the same: the program is large. */
function placeProgram(to: string): void {
  const program = builtProgram('c2')
  try {
    linkSync(program, to)
  } catch {
    mkdirSync(dirname(to), { recursive: true })
    copyFileSync(program, to)
  }
}

function dockerCalls(file: string): string[] {
  if (!existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  return lines
    .map((line) => line.slice(line.indexOf('\t') + 1))
    .filter((call) => call !== 'compose version' && !call.startsWith('inspect '))
}
