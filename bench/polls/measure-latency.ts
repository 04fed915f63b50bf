import { setTimeout as sleep } from 'node:timers/promises'

import { askOnce, type BuiltServer } from '../../test/support/built-server.ts'
import type { Pollers } from './pollers.ts'

export interface LatencyOrder {
  readonly server: BuiltServer
  /** Of the trigger's scope. */
  readonly token: string
  readonly pollers: Pollers
  readonly polls: number
  readonly raises: number
}

/** Milliseconds from sending each raise until each of the polls was answered. */
export async function measureLatency(order: LatencyOrder): Promise<number[]> {
  const times: number[] = []
  for (let count = 0; count < order.raises; count++) {
    times.push(...(await raiseOnce(order)))
    // So that raises meet the server at rest, as they do where few builds end at the same time.
    await sleep(20)
  }
  return times
}

async function raiseOnce({ server, token, pollers, polls }: LatencyOrder): Promise<number[]> {
  await until(async () => (await pollers.report()).held === polls)
  await pollers.forget()
  const sentAt = Number(process.hrtime.bigint()) / 1e6
  const headers = { authorization: `Bearer ${token}` }
  const { status, text } = await askOnce(server, {
    method: 'POST',
    path: '/v1/triggers/shop',
    headers,
  })
  if (status !== 201) throw new Error(`a raise was answered with ${status}: ${text}`)
  await until(async () => (await pollers.report()).woken >= polls)
  return (await pollers.reportTimes()).wokenAt.map((at) => at - sentAt)
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 30_000
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('waited 30 s in vain for the pollers')
    await sleep(2)
  }
}
