import { createServer, type ListenOptions } from 'node:net'

const lowest = 10_000
const count = 2000

/**
 * A free port of 127.0.0.1 that no other test process is given while this one lives. It lies below the range that
 * the kernel takes local ports of outgoing connections from: those would now and then be in the way.
 */
export async function freePort(): Promise<number> {
  const start = Math.floor(Math.random() * count)
  for (let step = 0; step < count; step++) {
    const port = lowest + ((start + step) % count)
    if ((await claim(`port-${port}`)) !== undefined && (await isFree(port))) return port
  }
  throw new Error('no port is free')
}

/**
 * Claims a name for as long as this process lives, by an abstract socket of the kernel: a killed process leaves
 * nothing behind. Undefined when somebody has it.
 */
export function claim(name: string): Promise<(() => void) | undefined> {
  return listen({ path: `\0sluice-test-${name}` })
}

async function isFree(port: number): Promise<boolean> {
  const release = await listen({ port, host: '127.0.0.1' })
  await release?.()
  return release !== undefined
}

function listen(place: ListenOptions): Promise<(() => Promise<void>) | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.unref()
    server.once('error', () => resolve(undefined))
    server.listen(place, () =>
      resolve(() => new Promise<void>((closed) => void server.close(() => closed()))),
    )
  })
}
