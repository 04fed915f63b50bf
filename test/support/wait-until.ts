import { setTimeout as sleep } from 'node:timers/promises'

/** Returns once the condition holds; gives up loudly after 30 seconds, or the milliseconds given. */
export async function waitUntil(
  condition: () => boolean | Promise<boolean>,
  what = 'the condition',
  limit = 30_000,
): Promise<void> {
  const deadline = performance.now() + limit
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited ${limit} ms in vain for ${what}`)
    await sleep(10)
  }
}
