import type { FileSource, WantedFile } from '../../../agent/index.ts'
import type { Log } from '../log.ts'
import type { ClientSettings } from '../settings.ts'
import { askServer } from './ask-server.ts'

/** Milliseconds for the server to fetch a file; a server that is gone is noticed before. */
const refreshTime = 3 * 3_600_000

/** The server's cache as the source of download steps. */
export function openServerFiles(settings: ClientSettings, log: Log): FileSource {
  const { host, secret, connectTimeout, downloadTimeout } = settings
  return {
    refresh: async (file, signal) => {
      try {
        const response = await askServer(host, {
          method: 'POST',
          path: isS3(file) ? '/cache/s3' : '/cache',
          body: { secret, url: file.url },
          signal: AbortSignal.any([signal, AbortSignal.timeout(refreshTime)]),
          connectTimeout,
        })
        response.destroy()
      } catch (error) {
        log.error('Server could not download file', { url: file.url, error: messageOf(error) })
        throw error
      }
    },
    open: async (file, signal) => {
      const response = await askServer(host, {
        method: 'GET',
        path: '/cache',
        body: { secret, url: file.url },
        signal,
        connectTimeout,
        idleTimeout: downloadTimeout,
      })
      const length = response.headers['content-length']
      return { size: length === undefined ? undefined : Number(length), body: response }
    },
  }
}

/** Prostagma's own guide shows `download` with such an address; the other way could only fail. */
function isS3({ source, url }: WantedFile): boolean {
  return source === 's3' || url.startsWith('s3://')
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
