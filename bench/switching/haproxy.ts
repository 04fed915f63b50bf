import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'

import { ensureTool } from '../../scripts/tools.ts'
import { AppError } from '../../src/errors/index.ts'
import { childEnvironment } from '../../src/system/index.ts'
import { freePort } from '../../test/support/free-port.ts'
import type { Scope } from '../scope.ts'
import type { StartRival } from './rival.ts'
import { waitUntilAnswered } from './wait-until-answered.ts'

// HAProxy, switched by its runtime API; done when it says so.

/** One server whose address is changed: `set server … addr … port …`. */
export const haproxyByAddress: StartRival = async (scope, folder, [first]) => {
  const place = await prepare(folder)
  await startHaproxy(
    scope,
    place,
    `  default_backend shop
backend shop
  server app 127.0.0.1:${first.port}
`,
  )
  return {
    port: place.port,
    connect: ({ port }) => order(place, `set server shop/app addr 127.0.0.1 port ${port}`),
  }
}

/** A backend for each release and a map that says which one is live: `set map …`. */
export const haproxyByMap: StartRival = async (scope, folder, releases) => {
  const place = await prepare(folder)
  const [first] = releases
  const map = join(folder, 'live.map')
  writeFileSync(map, `live ${first.label}\n`)
  const backends = releases.map(
    ({ label, port }) => `backend ${label}\n  server app 127.0.0.1:${port}\n`,
  )
  const door = `  use_backend %[str(live),map(${map})]\n`
  await startHaproxy(scope, place, door + backends.join(''))
  return {
    port: place.port,
    connect: ({ label }) => order(place, `set map ${map} live ${label}`),
  }
}

interface Place {
  readonly folder: string
  readonly port: number
  /** The socket of the runtime API. */
  readonly admin: string
}

async function prepare(folder: string): Promise<Place> {
  mkdirSync(folder, { recursive: true })
  return { folder, port: await freePort(), admin: join(folder, 'admin.sock') }
}

async function startHaproxy(scope: Scope, place: Place, rest: string): Promise<void> {
  const program = await ensureTool('haproxy')
  const config = join(place.folder, 'haproxy.cfg')
  writeFileSync(
    config,
    `global
  stats socket ${place.admin} mode 600 level admin
  maxconn 500
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend door
  bind 127.0.0.1:${place.port}
${rest}`,
  )
  start(scope, [program, '-f', config])
  await waitUntilAnswered(place.port)
}

async function order({ admin }: Place, words: string): Promise<void> {
  const answer = await ask(admin, words)
  if (answer === '' || /changed|no need/.test(answer)) return
  throw new AppError('proxy-failed', `haproxy answered ${answer}`)
}

function start(scope: Scope, [program = '', ...words]: readonly string[]): void {
  const child = spawn(program, words, { env: childEnvironment(), stdio: 'ignore' })
  scope.after(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  })
}

function ask(socketPath: string, words: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(socketPath, () => socket.write(`${words}\n`))
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()))
    socket.on('error', reject)
    socket.on('close', () => resolve(answer.trim()))
  })
}
