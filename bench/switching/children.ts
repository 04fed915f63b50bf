import { fork, type ChildProcess } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { AppError } from '../../src/errors/index.ts'
import type { Target } from '../../src/proxy/index.ts'
import { childEnvironment } from '../../src/system/index.ts'
import { inProject } from '../../scripts/project.ts'
import type { Scope } from '../scope.ts'
import { labels, type ClientKind, type ClientReport, type ToClients } from './answers.ts'

/** A release as a process of its own that listens on a port and on a socket. */
export interface Backend {
  readonly label: string
  readonly port: number
  readonly tcp: Target
  readonly socket: Target
}

export type Backends = readonly [Backend, Backend]

/** Starts both releases; their sockets lie below `folder`. */
export async function startBackends(scope: Scope, folder: string): Promise<Backends> {
  const [one = '', two = ''] = labels
  return [await startBackend(scope, folder, one), await startBackend(scope, folder, two)]
}

async function startBackend(scope: Scope, folder: string, label: string): Promise<Backend> {
  const directory = join(folder, 'd', label)
  mkdirSync(directory, { recursive: true })
  const child = startProgram(scope, 'backend.ts', [label, join(directory, 'app.sock')])
  const { port } = await nextMessage<{ port: number }>(child)
  const name = { app: 'shop', label }
  return {
    label,
    port,
    tcp: { ...name, kind: 'tcp', port },
    socket: { ...name, kind: 'socket', directory },
  }
}

export interface ClientOrder {
  readonly port: number
  readonly clients: number
  readonly kind: ClientKind
  /** Where their answers are written. */
  readonly file: string
}

/** The visitors, who ask from the moment they are there. */
export interface Clients {
  /** Returns once `count` more requests were answered; answers how many there were in all. */
  after(count: number): Promise<number>
  stop(): Promise<ClientReport & { readonly answers: Float64Array }>
}

export function startClients(scope: Scope, order: ClientOrder): Clients {
  mkdirSync(dirname(order.file), { recursive: true })
  const words = [order.port, order.clients, order.kind].map(String)
  const child = startProgram(scope, 'clients.ts', words)
  const tell = (message: ToClients): void => void child.send(message)
  return {
    after: async (count) => {
      tell({ type: 'after', count })
      return (await nextMessage<{ answered: number }>(child)).answered
    },
    stop: async () => {
      tell({ type: 'stop', file: order.file })
      const report = await nextMessage<ClientReport>(child)
      const { buffer, byteOffset, byteLength } = readFileSync(order.file)
      const bytes = buffer.slice(byteOffset, byteOffset + byteLength)
      return { ...report, answers: new Float64Array(bytes) }
    },
  }
}

function startProgram(scope: Scope, name: string, words: readonly string[]): ChildProcess {
  const child = fork(inProject('bench/programs', name), words, {
    env: childEnvironment(),
    execArgv: [],
  })
  scope.after(() => endProgram(child))
  return child
}

async function endProgram(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await ended
}

/** Milliseconds after which a child that says nothing counts as hanging. */
const patience = 120_000

function nextMessage<Message>(child: ChildProcess): Promise<Message> {
  return new Promise((resolve, reject) => {
    const settle = (error?: string, message?: Message): void => {
      clearTimeout(timer)
      child.off('message', hear)
      child.off('exit', mourn)
      if (error === undefined) resolve(message as Message)
      else reject(new AppError('bug', `${child.spawnargs.slice(1).join(' ')}: ${error}`))
    }
    const hear = (message: unknown): void => settle(undefined, message as Message)
    const mourn = (status: number | null): void => settle(`ended early with ${status}`)
    const timer = setTimeout(() => settle(`said nothing for ${patience} ms`), patience)
    child.on('message', hear)
    child.on('exit', mourn)
  })
}
