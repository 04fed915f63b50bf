import { AppError } from '../../errors/index.ts'
import { connectToServer, type PinnedServer, type ServerConnection } from '../../trust/index.ts'
import type { TakeBody } from '../../trust/index.ts'
import type { ReadAnswer } from '../read-answer.ts'
import { askServer } from './ask-server.ts'
import type { Session } from './session.ts'

/** One connection to the server that is made again whenever it is lost. One request at a time. */
export interface ServerLine {
  ask<Answer>(path: string, body: unknown, as: AskOptions<Answer>): Promise<Answer>
  /** Reads what is no JSON. `timeout` is the longest silence. */
  read<Result>(
    path: string,
    headers: Readonly<Record<string, string>>,
    take: TakeBody<Result>,
  ): Promise<Result>
  close(): void
}

export interface AskOptions<Answer> {
  readonly read: ReadAnswer<Answer>
  /** Milliseconds. */
  readonly timeout: number
}

export interface LineOptions {
  readonly server: PinnedServer
  readonly session: Session
  readonly signal: AbortSignal
}

const [connectTime, silence] = [30_000, 30_000] as const

export function openServerLine({ server, session, signal }: LineOptions): ServerLine {
  let connection: ServerConnection | undefined

  async function connected(): Promise<ServerConnection> {
    if (connection?.isOpen() === true) return connection
    connection = await connectToServer(server, { timeout: connectTime, signal })
    return connection
  }
  /** Once more with a new session when the old one has ended. */
  async function withSession<Result>(
    work: (open: ServerConnection, text: string) => Promise<Result>,
  ): Promise<Result> {
    for (let attempt = 1; ; attempt++) {
      const open = await connected()
      const text = await session.current(open)
      try {
        return await work(open, text)
      } catch (thrown) {
        const isOver = thrown instanceof AppError && ended.has(thrown.code)
        if (isOver) session.forget(text)
        if (!isOver || attempt > 1) throw thrown
      }
    }
  }
  return {
    ask: (path, body, { read, timeout }) =>
      withSession((open, text) =>
        askServer(open, { path, body, session: text, read }, { timeout, signal }),
      ),
    read: (path, headers, take) =>
      withSession((open, text) => {
        const sent = { ...headers, authorization: `Bearer ${text}` }
        const message = { method: 'GET', path, headers: sent, body: '' }
        return open.stream(message, { timeout: silence, signal }, take)
      }),
    close: () => connection?.close(),
  }
}

const ended = new Set<string>(['session-ended', 'unauthenticated'])
