import { request as askPlain } from 'node:http'
import { request as askSecure } from 'node:https'

import { waitUntil } from './wait-until.ts'

export interface WebAnswer {
  readonly status: number
  readonly body: string
  readonly location?: string
}

/** A request to this machine by its URL, whose host goes into the Host header; any certificate will do. */
export function askWeb(url: string): Promise<WebAnswer> {
  const { protocol, hostname, port, pathname, search } = new URL(url)
  const path = `${pathname}${search}`
  const place = { host: '127.0.0.1', path, agent: false, headers: { host: hostname } } as const
  return new Promise((resolve, reject) => {
    const ask =
      protocol === 'https:'
        ? askSecure({
            ...place,
            port: port || 443,
            servername: hostname,
            rejectUnauthorized: false,
          })
        : askPlain({ ...place, port: port || 80 })
    ask.on('error', reject)
    ask.on('response', (response) => {
      const { statusCode: status = 0, headers } = response
      const { location } = headers
      let body = ''
      response.on('data', (chunk: Buffer) => (body += chunk.toString()))
      response.on('end', () =>
        resolve({ status, body, ...(location === undefined ? {} : { location }) }),
      )
    })
    ask.end()
  })
}

/** Waits for an answer with these members; until then others, and none, may come. */
export async function waitForAnswer(url: string, expected: Partial<WebAnswer>): Promise<void> {
  let latest: unknown
  const isExpected = async (): Promise<boolean> => {
    const answer = await askWeb(url).catch((error: unknown) => ({ error }))
    latest = answer
    return Object.entries(expected).every(
      ([name, value]) => (answer as Record<string, unknown>)[name] === value,
    )
  }
  await waitUntil(isExpected, `${JSON.stringify(expected)} from ${url}`).catch((error: Error) => {
    throw new Error(`${error.message}; the latest was ${JSON.stringify(latest)}`, { cause: error })
  })
}
