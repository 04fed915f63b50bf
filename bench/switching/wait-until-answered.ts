import { waitUntil } from '../../test/support/wait-until.ts'
import { openRawConnection } from '../programs/raw-connection.ts'
import { labels } from './answers.ts'

/** Returns once a release answers through the proxy on this port. */
export async function waitUntilAnswered(port: number): Promise<void> {
  await waitUntil(() => isAnswered(port), `an answer on port ${port}`)
}

async function isAnswered(port: number): Promise<boolean> {
  try {
    const connection = await openRawConnection(port, 'GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n')
    return await connection
      .ask()
      .then((body) => labels.includes(body))
      .finally(() => connection.close())
  } catch {
    return false
  }
}
