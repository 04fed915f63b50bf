import type { IncomingMessage, ServerResponse } from 'node:http'

import type { Answer } from './error-response.ts'
import { sendEvents } from './send-events.ts'
import { sendFile } from './send-file.ts'

/** Milliseconds in which a caller must take what is left of its answer. */
const writeTime = 30_000

const always = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } as const

/** Sends an answer; resolves with its status when it is out or the connection is gone. */
export async function writeAnswer(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  answer: Answer,
): Promise<number> {
  const done = closed(outgoing)
  const status = await send(incoming, outgoing, answer)
  const timer = setTimeout(() => outgoing.destroy(), writeTime)
  await done
  clearTimeout(timer)
  return status
}

async function closed(outgoing: ServerResponse): Promise<void> {
  if (outgoing.destroyed) return
  await new Promise<void>((resolve) => outgoing.once('close', resolve))
}

async function send(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  answer: Answer,
): Promise<number> {
  const { status, file, events, headers = {} } = answer
  if (file !== undefined)
    return await sendFile(incoming, outgoing, { file, headers: { ...always, ...headers } })
  if (events === undefined) sendText(outgoing, answer)
  else await sendEvents(outgoing, events)
  return status
}

function sendText(
  outgoing: ServerResponse,
  { status, body, contentType, headers = {} }: Answer,
): void {
  const text = contentType === undefined ? `${JSON.stringify(body)}\n` : String(body)
  // Head and body leave in one packet.
  outgoing.cork()
  outgoing.writeHead(status, {
    'content-type': contentType ?? 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    ...always,
    ...headers,
  })
  outgoing.end(text)
  outgoing.uncork()
}
