import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

import { readServerSettings, startServer, type ControlServer } from '../../src/control/index.ts'
import { afterwards } from './afterwards.ts'
import { temporaryFolder } from './temp-folder.ts'

/** A control server inside the test, over plain HTTP on this machine. */
export interface ServerUnderTest {
  readonly server: ControlServer
  readonly folder: string
  /** The text of the first admin token. */
  readonly admin: string
  readonly log: () => string
  /** Asks with a token, and with JSON when there is a body. */
  ask(token: string, method: string, path: string, body?: unknown): Promise<Asked>
  /** Makes a token of a scope; answers its text. */
  token(scope: string): Promise<string>
}

export interface Asked {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
  readonly text: string
  readonly headers: Headers
}

export async function serverUnderTest(
  t: Pick<TestContext, 'after'>,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<ServerUnderTest> {
  const folder = temporaryFolder(t)
  const file = join(folder, 'sluice-server.json')
  const triggers = { shop: { sources: ['token'] }, blog: { sources: ['token'] } }
  const usual = { state: 'state', listen: { port: 0 }, tls: { mode: 'off' }, triggers }
  writeFileSync(file, JSON.stringify({ ...usual, ...settings }))
  const lines: string[] = []
  const write = (line: string): void => void lines.push(line)
  const options = { settings: await readServerSettings(file), write, environment: {} }
  const server = await startServer(options)
  afterwards(t, () => server.close())
  const admin = server.firstAdmin?.reveal() ?? ''
  const ask: ServerUnderTest['ask'] = (token, method, path, body) =>
    askServer(server.url, { token, method, path, body })
  const token = async (scope: string): Promise<string> => {
    const { body } = await ask(admin, 'POST', '/v1/tokens', { scope, life: '1h' })
    return String(body['text'])
  }
  return { server, folder, admin, log: () => lines.join(''), ask, token }
}

async function askServer(
  url: string,
  { token, method, path, body }: { token: string; method: string; path: string; body: unknown },
): Promise<Asked> {
  const answer = await fetch(new URL(path, url), {
    method,
    headers: {
      ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const isEndless = answer.headers.get('content-type')?.startsWith('text/event-stream') === true
  if (isEndless) await answer.body?.cancel()
  const text = isEndless ? '' : await answer.text()
  const isJson = answer.headers.get('content-type')?.startsWith('application/json') === true
  const read = isJson ? (JSON.parse(text) as Record<string, unknown>) : {}
  return { status: answer.status, body: read, text, headers: answer.headers }
}
