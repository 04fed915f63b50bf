import { request } from 'node:http'

import { reachableAddress } from '../probe-endpoint.ts'
import type { ProxySettings } from '../proxy-settings.ts'
import { readBackHost } from './render-app.ts'

/** Asks nginx on its public door, as the host itself, what it serves for one app; undefined without a good answer. */
export function readBack(
  { settings }: { readonly settings: ProxySettings },
  question: { readonly owner: string; readonly path: string; readonly timeout: number },
): Promise<string | undefined> {
  const { address, port } = settings.http
  return new Promise((resolve) => {
    const sent = request(
      {
        host: reachableAddress(address),
        port,
        path: question.path,
        agent: false,
        headers: { Host: readBackHost(question.owner), Connection: 'close' },
      },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => {
          text += chunk
        })
        response.on('error', () => resolve(undefined))
        response.on('end', () => resolve(response.statusCode === 200 ? text : undefined))
      },
    )
    sent.setTimeout(question.timeout, () => sent.destroy())
    sent.on('error', () => resolve(undefined))
    sent.end()
  })
}
