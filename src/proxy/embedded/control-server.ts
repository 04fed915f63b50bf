import { chmodSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Server } from 'node:http'

import { AppError, toAppError } from '../../errors/index.ts'
import type { ListenAddress } from '../proxy-settings.ts'

/** What a proxy process tells about itself. */
export interface ProxyStatus {
  readonly pid: number
  readonly ready: boolean
  readonly draining: boolean
  readonly generation: number
  /** `APP/LABEL` → requests and upgraded connections under way. */
  readonly connections: Readonly<Record<string, number>>
  /** Open connections of visitors. */
  readonly visitors: number
  readonly listening: {
    readonly http?: ListenAddress | undefined
    readonly https?: ListenAddress | undefined
  }
  readonly problems: readonly string[]
}

/** What the control socket can ask of a proxy process. */
export interface ProxyControl {
  status(): ProxyStatus
  generationOf(endpoint: string): number | undefined
  /** Takes over settings and routes from their files; answers the generation. */
  apply(): Promise<number>
  /** Starts a successor, gives it the listening sockets and leaves; answers its pid. */
  handOver(command: readonly string[] | undefined): Promise<number>
}

/** Longest path of a unix socket, without the closing zero byte. */
const maxSocketPath = 107

/** Serves the control socket at `path`, for its owner only. */
export async function openControlServer(path: string, control: ProxyControl): Promise<Server> {
  if (Buffer.byteLength(path) > maxSocketPath) {
    throw new AppError(
      'proxy-failed',
      `${path} is too long for a unix socket (${maxSocketPath} bytes)`,
    )
  }
  const server = createServer((request, response) => void answer(control, request, response))
  rmSync(path, { force: true })
  const mask = process.umask(0o077)
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) =>
        reject(new AppError('proxy-failed', `cannot listen on ${path}: ${error.message}`)),
      )
      server.listen(path, resolve)
    })
  } finally {
    process.umask(mask)
  }
  chmodSync(path, 0o600)
  return server
}

async function answer(
  control: ProxyControl,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const body = await route(control, request)
    send(response, body === undefined ? 404 : 200, body ?? { message: 'no such thing' })
  } catch (thrown) {
    const error = toAppError(thrown)
    send(response, 409, { code: error.code, message: error.message, hint: error.hint })
  }
}

async function route(control: ProxyControl, request: IncomingMessage): Promise<object | undefined> {
  const url = new URL(request.url ?? '/', 'http://proxy')
  switch (`${request.method} ${url.pathname}`) {
    case 'GET /status':
      return control.status()
    case 'GET /.sluice/generation': {
      const generation = control.generationOf(url.searchParams.get('endpoint') ?? '')
      return generation === undefined ? undefined : { generation }
    }
    case 'POST /apply':
      return { generation: await control.apply() }
    case 'POST /handover': {
      const { command } = (await readJson(request)) as { command?: readonly string[] }
      return { pid: await control.handOver(command) }
    }
    default:
      return undefined
  }
}

async function readJson(request: IncomingMessage): Promise<object> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return text === '' ? {} : (JSON.parse(text) as object)
}

function send(response: ServerResponse, status: number, body: object): void {
  const text = `${JSON.stringify(body)}\n`
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
    Connection: 'close',
  })
  response.end(text)
}
