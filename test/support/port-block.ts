import { claim } from './free-port.ts'

/** Neighbouring ports for one test machine; `first` to `first + blockSize - 1`. */
export interface PortBlock {
  readonly first: number
  readonly last: number
  release(): void
}

const blockSize = 40
/** Below the range that the kernel takes local ports of outgoing connections from. */
const lowest = 12_000
const blockCount = 500

/**
 * Claims a block of ports for as long as this process lives. The claim is an abstract socket of the kernel, so two
 * test processes never share a block, and a killed one leaves nothing behind.
 */
export async function claimPortBlock(): Promise<PortBlock> {
  const start = Math.floor(Math.random() * blockCount)
  for (let step = 0; step < blockCount; step++) {
    const number = (start + step) % blockCount
    const release = await claim(`block-${number}`)
    const first = lowest + number * blockSize
    if (release !== undefined) return { first, last: first + blockSize - 1, release }
  }
  throw new Error('no block of ports is free')
}
