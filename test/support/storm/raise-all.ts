import { Agent } from 'node:http'

import { askOnce, type BuiltServer } from '../built-server.ts'
import type { Send } from './plan-sends.ts'

/** What the server said of a send. */
export interface Acknowledgement extends Send {
  readonly epoch: string
  readonly sequence: number
  readonly isRepeat: boolean
}

export interface Raising {
  readonly server: BuiltServer
  readonly token: string
  readonly callers: number
  /** Hears of each as soon as it is there. */
  readonly onAcknowledged: (acknowledgement: Acknowledgement) => void
}

/** Sends all in order over so many kept connections. A caller without an answer asks again with the same key. */
export async function raiseAll(sends: readonly Send[], raising: Raising): Promise<void> {
  let next = 0
  async function call(): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    try {
      for (let send = sends[next++]; send !== undefined; send = sends[next++])
        raising.onAcknowledged(await raiseUntilAnswered(raising, send, agent))
    } finally {
      agent.destroy()
    }
  }
  await Promise.all(Array.from({ length: raising.callers }, call))
}

async function raiseUntilAnswered(
  { server, token }: Raising,
  { trigger, key }: Send,
  agent: Agent,
): Promise<Acknowledgement> {
  const headers = { authorization: `Bearer ${token}`, 'idempotency-key': key }
  const question = { method: 'POST', path: `/v1/triggers/${trigger}`, headers, agent } as const
  for (;;) {
    await server.whenUp()
    const answer = await askOnce(server, question).catch(() => undefined)
    // No answer, or one that says that the database did not answer: the raise may stand or not.
    if (answer === undefined || answer.status === 503) continue
    if (answer.status !== 200 && answer.status !== 201)
      throw new Error(`the raise ${key} was answered with ${answer.status}: ${answer.text}`)
    const { epoch, sequence, isRepeat } = JSON.parse(answer.text) as Acknowledgement
    return { trigger, key, epoch, sequence, isRepeat }
  }
}
