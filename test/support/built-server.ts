import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { request as askPlain, type Agent as HttpAgent } from 'node:http'
import { request as askTls, type Agent as HttpsAgent } from 'node:https'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'

import { childEnvironment } from '../../src/system/index.ts'
import { afterwards } from './afterwards.ts'
import { freePort } from './free-port.ts'
import { temporaryFolder } from './temp-folder.ts'
import { builtProgram } from './tools.ts'

/** The built control server as a process of its own, on one port of 127.0.0.1 through all its lives. */
export interface BuiltServer {
  readonly url: string
  readonly port: number
  readonly folder: string
  /** The text of the first admin token. */
  readonly admin: string
  pid(): number
  /** How often it was started. */
  lives(): number
  /** Resolves when it takes requests; at once unless it was killed. */
  whenUp(): Promise<void>
  /** Ends it with SIGKILL; resolves when it is gone. */
  kill(): Promise<void>
  start(): Promise<void>
  /** Ends it as a person would. */
  stop(): Promise<void>
}

/** Starts it, over plain HTTP unless `settings`, which are added to sluice-server.yaml, say otherwise. */
export async function builtServer(
  t: Pick<TestContext, 'after'>,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<BuiltServer> {
  const folder = temporaryFolder(t)
  const port = await freePort()
  const usual = { state: 'state', listen: { port }, tls: { mode: 'off' } }
  writeFileSync(join(folder, 'sluice-server.yaml'), JSON.stringify({ ...usual, ...settings }))
  let child = await launch(folder)
  let lives = 1
  let up = Promise.withResolvers<void>()
  up.resolve()
  afterwards(t, () => end(child, 'SIGKILL'))
  return {
    url: `${settings['tls'] === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    port,
    folder,
    admin: readFileSync(join(folder, adminFile), 'utf8').trim(),
    pid: () => child.pid ?? 0,
    lives: () => lives,
    whenUp: () => up.promise,
    kill: async () => {
      up = Promise.withResolvers()
      await end(child, 'SIGKILL')
    },
    start: async () => {
      child = await launch(folder)
      lives += 1
      up.resolve()
    },
    stop: () => end(child, 'SIGTERM'),
  }
}

const adminFile = 'admin.token'

/** Resolves when it has said that it listens. Its log goes to a file, as that of a service does. */
async function launch(folder: string): Promise<ChildProcess> {
  const log = openSync(join(folder, 'server.log'), 'a')
  const words = ['server', '--admin-token-file', adminFile]
  const child = spawn(builtProgram('sluice'), words, {
    cwd: folder,
    env: childEnvironment(),
    stdio: ['ignore', 'pipe', log],
  })
  closeSync(log)
  const gone = once(child, 'exit').then(([status]) => {
    const told = readFileSync(join(folder, 'server.log'), 'utf8').slice(-2000)
    throw new Error(`the server ended with ${status}: ${told}`)
  })
  gone.catch(() => undefined)
  // A second line tells at the first start that the token is in its file.
  const wanted = existsSync(join(folder, adminFile)) ? 1 : 2
  await Promise.race([linesSaid(child, wanted), gone])
  return child
}

function linesSaid(child: ChildProcess, count: number): Promise<void> {
  let left = count
  return new Promise((resolve) => {
    createInterface({ input: child.stdout! }).on('line', () => {
      left -= 1
      if (left === 0) resolve()
    })
  })
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill(signal)
  await gone
}

type Place = Pick<BuiltServer, 'url' | 'folder'>

export interface Question {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly agent?: HttpAgent | HttpsAgent
  readonly signal?: AbortSignal
}

/** Asks once, whatever comes of it; rejects when the connection ends before the answer does. */
export function askOnce(
  { url, folder }: Place,
  { body = '', path, headers = {}, ...how }: Question,
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const isTls = url.startsWith('https:')
    const trust = isTls ? { ca: readFileSync(join(folder, 'state/tls.pem')) } : {}
    const length = { 'content-length': String(Buffer.byteLength(body)) }
    const options = { ...how, ...trust, headers: { ...headers, ...length } }
    const request = (isTls ? askTls : askPlain)(new URL(path, url), options, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      answer.once('end', () => resolve({ status: answer.statusCode ?? 0, text }))
      answer.once('error', reject)
    })
    request.once('error', reject)
    request.end(body)
  })
}

/** Changes of tokens that one admin may make at once. */
const atOnce = 20

/** Makes so many tokens of a scope; as one admin may not make many at once, it is helped by others. */
export async function makeTokens(
  server: Place & Pick<BuiltServer, 'admin'>,
  scope: string,
  count: number,
): Promise<string[]> {
  const made: string[] = []
  let by = server.admin
  for (let left = count; left > 0; left -= atOnce) {
    for (let number = 0; number < Math.min(left, atOnce); number++)
      made.push(await makeToken(server, by, scope))
    if (left > atOnce) by = await makeToken(server, by, 'admin')
  }
  return made
}

async function makeToken(server: Place, by: string, scope: string): Promise<string> {
  const headers = { authorization: `Bearer ${by}`, 'content-type': 'application/json' }
  const body = JSON.stringify({ scope, life: '1h' })
  const { status, text } = await askOnce(server, {
    method: 'POST',
    path: '/v1/tokens',
    headers,
    body,
  })
  assert.equal(status, 201, text)
  return String((JSON.parse(text) as Record<string, unknown>)['text'])
}
