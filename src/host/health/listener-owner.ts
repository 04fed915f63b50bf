import { socketInodes, tcpListenerInodes, unixListenerInodes } from '../../system/index.ts'
import { describeHolder } from '../drivers/port-state.ts'

/** Whose the listener is that answers for a deploy. */
export type Ownership =
  | { readonly kind: 'own' }
  | { readonly kind: 'nobody' }
  /** Somebody else's; `holder` says who, as far as that can be seen. */
  | { readonly kind: 'foreign'; readonly holder: string }

export interface ListenerPlace {
  readonly port: number | undefined
  readonly socket: string | undefined
}

/**
 * Compares the sockets that listen at a place with those the deploy's processes hold. Every listener must be the
 * deploy's own: of two on one port the kernel chooses which one a connection reaches.
 */
export function findOwner(place: ListenerPlace, ownPids: Iterable<number>): Ownership {
  const listeners = listenersAt(place)
  if (listeners.length === 0) return { kind: 'nobody' }
  const foreign = new Set(listeners)
  for (const pid of ownPids) {
    for (const inode of socketInodes([pid])) foreign.delete(inode)
    // The rest of the processes need not be looked for.
    if (foreign.size === 0) return { kind: 'own' }
  }
  return { kind: 'foreign', holder: describeHolder([...foreign]) }
}

function listenersAt({ port, socket }: ListenerPlace): string[] {
  if (socket !== undefined) return unixListenerInodes(socket)
  return port === undefined ? [] : tcpListenerInodes(port)
}
