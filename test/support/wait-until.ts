import { setTimeout as sleep } from 'node:timers/promises'

/** Returns once the condition holds; gives up loudly after 30 seconds. */
export async function waitUntil(
  condition: () => boolean | Promise<boolean>,
  what = 'the condition',
): Promise<void> {
  const deadline = performance.now() + 30_000
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited 30 s in vain for ${what}`)
    await sleep(10)
  }
}
