import { spawn, type ChildProcess } from 'node:child_process'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, request, type IncomingHttpHeaders, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

import { afterwards } from './afterwards.ts'
import { freePort } from './free-port.ts'
import { temporaryFolder } from './temp-folder.ts'
import { builtProgram } from './tools.ts'
import { waitUntil } from './wait-until.ts'

export interface LogLine {
  readonly level: string
  readonly ts: number
  readonly caller: string
  readonly msg: string
  readonly [field: string]: unknown
}

/** A running prostagma. */
export interface Program {
  readonly pid: number
  /** What it logged so far. */
  log(): LogLine[]
  raw(): string
  /** Lines of one message. */
  said(message: string): LogLine[]
  signal(name: NodeJS.Signals): void
  /** Exit status, once it has ended. */
  readonly ended: Promise<number | null>
}

export type Env = Readonly<Record<string, string>>

export const secret = 'sesame-open'

export function startProgram(
  t: TestContext,
  mode: readonly string[],
  env: Env,
  program = builtProgram('prostagma'),
): Program {
  const base = { PATH: process.env['PATH'] ?? '', HOME: temporaryFolder(t) }
  const child: ChildProcess = spawn(program, mode, {
    env: { ...base, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let text = ''
  child.stderr?.on('data', (chunk: Buffer) => (text += chunk.toString()))
  const ended = new Promise<number | null>((resolve) => void child.once('close', resolve))
  afterwards(t, async () => {
    child.kill('SIGKILL')
    await ended
  })
  const log = (): LogLine[] =>
    text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as LogLine)
  return {
    pid: child.pid ?? 0,
    log,
    raw: () => text,
    said: (message) => log().filter(({ msg }) => msg === message),
    signal: (name) => void child.kill(name),
    ended,
  }
}

export interface ServerProgram extends Program {
  readonly url: string
  readonly port: number
  readonly state: string
}

/** A server on a port of its own that has begun to listen. */
export async function startServer(
  t: TestContext,
  more: Env & { readonly port?: string } = {},
): Promise<ServerProgram> {
  const { port: wanted, ...env } = more
  const port = wanted === undefined ? await freePort() : Number(wanted)
  const state = env['PROSTAGMA_STATE'] ?? join(temporaryFolder(t), 'state')
  const program = startProgram(t, ['server'], {
    PROSTAGMA_HOST: `127.0.0.1:${port}`,
    PROSTAGMA_SECRET: secret,
    PROSTAGMA_STATE: state,
    ...env,
  })
  await waitUntil(() => program.said('Listening').length > 0, 'the server to listen')
  return { ...program, url: `http://127.0.0.1:${port}`, port, state }
}

export interface ClientOptions {
  readonly host: string
  readonly script: string
  readonly env?: Env
}

/** A client of the trigger `a` whose script is this text; the folder is its own. */
export async function startClient(
  t: TestContext,
  { host, script, env = {} }: ClientOptions,
): Promise<
  Program & { readonly folder: string; readonly scriptFile: string; readonly port: number }
> {
  const folder = temporaryFolder(t)
  const scriptFile = join(folder, 'build.yaml')
  const port = await freePort()
  writeFileSync(scriptFile, script.replaceAll('$FOLDER', folder))
  const program = startProgram(t, ['client'], {
    PROSTAGMA_HOST: host,
    PROSTAGMA_SECRET: secret,
    PROSTAGMA_TRIGGER: 'a',
    PROSTAGMA_SCRIPT: scriptFile,
    PROSTAGMA_PROM_PORT: String(port),
    ...env,
  })
  return { ...program, folder, scriptFile, port }
}

export interface Answer {
  readonly status: number
  readonly body: Buffer
  readonly text: string
  readonly headers: IncomingHttpHeaders
}

/** Sends a body with any method, a GET too. */
export function send(
  url: string,
  method: string,
  body: string | object | undefined,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const text = typeof body === 'string' || body === undefined ? body : JSON.stringify(body)
  const length = text === undefined ? {} : { 'content-length': String(Buffer.byteLength(text)) }
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, agent: false, headers: { ...length, ...headers } })
    sent.once('error', reject)
    sent.once('response', (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.once('error', reject)
      response.once('end', () => {
        const whole = Buffer.concat(parts)
        const { statusCode = 0, headers: got } = response
        resolve({ status: statusCode, body: whole, text: whole.toString(), headers: got })
      })
    })
    sent.end(text)
  })
}

export async function raise(server: { readonly url: string }, trigger = 'a'): Promise<void> {
  const { status } = await send(`${server.url}/trigger`, 'POST', { secret, trigger })
  if (status !== 200) throw new Error(`POST /trigger answered ${status}`)
}

export async function countOf(server: { readonly url: string }, trigger = 'a'): Promise<number> {
  const { text } = await send(`${server.url}/trigger`, 'GET', { secret, trigger })
  return (JSON.parse(text) as { count: number }).count
}

/** A web server of the test; answers its address. */
export async function serveWeb(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((ready) => void server.listen(0, '127.0.0.1', ready))
  afterwards(t, () => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A stand-in for the aws CLI: notes its words, then does what the script says; `$4` is where to copy to. */
export function fakeAws(t: TestContext, script: string): { path: string; calls(): string[] } {
  const path = join(temporaryFolder(t), 'aws')
  writeFileSync(`${path}.calls`, '')
  writeFileSync(path, `#!/bin/sh\necho "$@" >> ${path}.calls\n${script}\n`)
  chmodSync(path, 0o755)
  return { path, calls: () => readFileSync(`${path}.calls`, 'utf8').split('\n').slice(0, -1) }
}
