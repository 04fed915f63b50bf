import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, cpSync, mkdirSync, realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { TestContext } from 'node:test'

import { Client } from 'pg'

import { childEnvironment, runSync, Secret } from '../../src/system/index.ts'
import { afterwards } from './afterwards.ts'
import { freePort } from './free-port.ts'
import { temporaryFolder } from './temp-folder.ts'
import { waitUntil } from './wait-until.ts'

/** A PostgreSQL of our own, on a loopback port and a socket in its folder. */
export interface PrivatePostgres {
  readonly port: number
  /** Makes an empty database and answers its address. */
  createDatabase(): Promise<Secret>
  /** Runs statements in a database; for what the storage itself cannot say. */
  ask(url: Secret, text: string): Promise<Record<string, unknown>[]>
  /** As a power cut would, as far as one process can tell. */
  kill(): Promise<void>
  start(): Promise<void>
}

/** Starts one; it ends with the test. `program` is that of `ensureTool('postgres')`. */
export async function startPostgres(
  t: Pick<TestContext, 'after'>,
  program: string,
): Promise<PrivatePostgres> {
  const folder = temporaryFolder(t)
  const port = await freePort()
  const server = describeServer(folder, program, port)
  await initialise(server)
  let child = await launch(server)
  afterwards(t, () => end(child, 'SIGINT'))
  let serial = 0
  return {
    port,
    createDatabase: async () => {
      serial += 1
      await ask(urlOf(port, 'postgres'), `create database test_${serial}`)
      return urlOf(port, `test_${serial}`)
    },
    ask,
    kill: () => end(child, 'SIGKILL'),
    start: async () => {
      // What a killed one leaves behind is in the way for a moment.
      await waitUntil(async () => {
        const next = await launch(server).catch(() => undefined)
        child = next ?? child
        return next !== undefined
      }, 'PostgreSQL to start again')
    },
  }
}

interface Server {
  readonly folder: string
  readonly port: number
  readonly bin: string
  /** What a fetched program's name ends with that needs libraries beside it. */
  readonly suffix: string
  /** PostgreSQL refuses to run as root. */
  readonly account: { readonly uid?: number; readonly gid?: number }
}

const nobody = 65_534

function describeServer(folder: string, program: string, port: number): Server {
  const file = reachable(realpathSync(program), folder)
  const suffix = basename(file).slice('postgres'.length)
  const account = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {}
  return { folder, port, bin: dirname(file), suffix, account }
}

/** The program, or a copy of it and what it needs where the clone is closed to the account that runs it. */
function reachable(file: string, folder: string): string {
  if (process.getuid?.() !== 0) return file
  chmodSync(folder, 0o755)
  const account = [`--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups']
  if (runSync(['setpriv', ...account, 'test', '-x', file]).status === 0) return file
  const root = file.slice(0, file.indexOf('/usr/lib/postgresql/'))
  const copy = join(folder, 'program')
  cpSync(root, copy, { recursive: true })
  return join(copy, file.slice(root.length))
}

async function initialise(server: Server): Promise<void> {
  const { folder, account } = server
  const data = join(folder, 'data')
  mkdirSync(data, { mode: 0o700 })
  if (account.uid !== undefined) chownSync(data, account.uid, nobody)
  const words = ['-D', data, '-U', 'sluice', '--auth=trust', '--encoding=UTF8', '--locale=C']
  const child = startProgram(server, 'initdb', [...words, '--no-sync', '--no-instructions'])
  const output: string[] = []
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => output.push(text))
  const [status] = (await once(child, 'close')) as [number | null]
  if (status !== 0) throw new Error(`initdb failed: ${output.join('')}`)
}

async function launch(server: Server): Promise<ChildProcess> {
  const settings = ['fsync=on', 'jit=off', 'shared_buffers=16MB', 'max_connections=80']
  const child = startProgram(server, 'postgres', [
    ...['-D', join(server.folder, 'data'), '-k', join(server.folder, 'data')],
    ...['-h', '127.0.0.1', '-p', `${server.port}`],
    ...settings.flatMap((setting) => ['-c', setting]),
  ])
  const output: string[] = []
  child.stderr?.setEncoding('utf8').on('data', (text: string) => output.push(text))
  child.stdout?.resume()
  await waitUntil(async () => {
    if (child.exitCode !== null) throw new Error(`postgres ended: ${output.join('')}`)
    return await answers(server.port)
  }, 'PostgreSQL to answer')
  return child
}

function startProgram({ bin, suffix, account }: Server, name: string, words: string[]) {
  const env = childEnvironment({ LC_ALL: 'C', TZ: 'UTC' })
  const stdio: ['ignore', 'pipe', 'pipe'] = ['ignore', 'pipe', 'pipe']
  return spawn(join(bin, `${name}${suffix}`), words, { cwd: '/', env, stdio, ...account })
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill(signal)
  await gone
}

async function answers(port: number): Promise<boolean> {
  try {
    await ask(urlOf(port, 'postgres'), 'select 1')
    return true
  } catch {
    return false
  }
}

async function ask(url: Secret, text: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url.reveal() })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

function urlOf(port: number, database: string): Secret {
  return new Secret(`postgres://sluice:unused@127.0.0.1:${port}/${database}`)
}
