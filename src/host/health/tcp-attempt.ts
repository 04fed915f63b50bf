import { connect } from 'node:net'

import type { Finding } from './health-check.ts'

export interface TcpAttempt {
  /** Either of the two; the socket is preferred. */
  readonly port: number | undefined
  readonly socket: string | undefined
  /** Milliseconds for connecting. */
  readonly timeout: number
}

/** Connects once and hangs up. Never rejects. */
export function attemptTcp({ port, socket, timeout }: TcpAttempt): Promise<Finding> {
  return new Promise((resolve) => {
    const connection =
      socket === undefined ? connect({ host: '127.0.0.1', port: port ?? 0 }) : connect(socket)
    const timer = setTimeout(
      () => finish({ ok: false, words: `did not connect within ${timeout} ms` }),
      timeout,
    )
    function finish(finding: Finding): void {
      clearTimeout(timer)
      connection.destroy()
      resolve(finding)
    }
    connection.on('connect', () => finish({ ok: true, words: 'accepts connections' }))
    connection.on('error', (error) =>
      finish({ ok: false, words: `did not connect: ${error.message}` }),
    )
  })
}
