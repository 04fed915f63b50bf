import type { TestContext } from 'node:test'

import { runSync } from '../../src/system/index.ts'
import { afterwards } from './afterwards.ts'

/** A network of test hosts, each a network namespace of this kernel, joined by a bridge that the test reaches too. */
export interface TestNetwork {
  /** Where the test itself is found by its hosts. */
  readonly address: string
  readonly hosts: readonly NetworkHost[]
}

export interface NetworkHost {
  readonly address: string
  /** Words in front of a command that is to run on it. */
  readonly prefix: readonly string[]
  /** Pulls the cable: nothing goes in or out, and nobody is told. */
  disconnect(): void
  connect(): void
}

/** Undefined, with the test marked as skipped, where network namespaces cannot be made. */
export function openNetwork(
  test: Pick<TestContext, 'after' | 'skip'>,
  count: number,
): TestNetwork | undefined {
  if (process.getuid?.() !== 0) {
    test.skip('network namespaces are made as root only')
    return undefined
  }
  // Two test processes of one machine never meet, and 198.18.0.0/15 is set aside for tests.
  const id = process.pid % 65_536
  const place = (host: number): string => `198.18.${id % 250}.${host}`
  const bridge = `slbr${id}`
  ip('link', 'add', bridge, 'type', 'bridge')
  afterwards(test, () => ip('link', 'del', bridge))
  ip('addr', 'add', `${place(1)}/24`, 'dev', bridge)
  ip('link', 'set', bridge, 'up')
  const hosts = Array.from({ length: count }, (_, index) => {
    const number = index + 2
    return addHost(test, { name: `sl${id}h${number}`, bridge, address: place(number) })
  })
  return { address: place(1), hosts }
}

function addHost(
  test: Pick<TestContext, 'after'>,
  { name, bridge, address }: Record<'name' | 'bridge' | 'address', string>,
): NetworkHost {
  ip('netns', 'add', name)
  // Takes its end of the cable away, and so the cable.
  afterwards(test, () => ip('netns', 'del', name))
  ip('link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
  ip('link', 'set', name, 'master', bridge)
  ip('-n', name, 'link', 'set', 'lo', 'up')
  ip('-n', name, 'addr', 'add', `${address}/24`, 'dev', 'eth0')
  ip('-n', name, 'link', 'set', 'eth0', 'up')
  ip('link', 'set', name, 'up')
  return {
    address,
    prefix: ['ip', 'netns', 'exec', name],
    disconnect: () => ip('link', 'set', name, 'down'),
    connect: () => ip('link', 'set', name, 'up'),
  }
}

function ip(...words: readonly string[]): void {
  const { status } = runSync(['ip', ...words])
  if (status !== 0) throw new Error(`ip ${words.join(' ')} ended with ${status}`)
}
