import { AppError } from '../../errors/index.ts'
import { assertMayFollow, openUrl, showUrl } from '../../system/index.ts'
import type { FileSource, WantedFile } from '../scripts/file-source.ts'

/** Milliseconds of silence after which a download is given up. */
const patience = 60_000

/** Files for the download steps of scripts, straight from the origins that the policy names. */
export function openOriginFiles(origins: readonly string[], file: string): FileSource {
  const allowed = new Set(origins)
  const assertAllowed = (url: URL): void => {
    if (allowed.has(url.origin)) return
    throw new AppError('origin-refused', `scripts may not download from ${url.origin}`, {
      hint: `to allow it, write into ${file}: \`origins: [${url.origin}]\``,
    })
  }
  const gate = {
    mostRedirects: 5,
    checkUrl: (url: URL, redirectedFrom: URL | undefined) => {
      assertAllowed(url)
      if (redirectedFrom !== undefined) assertMayFollow(redirectedFrom, url)
    },
  }
  return {
    refresh: () => Promise.resolve(),
    open: async ({ url: text }: WantedFile, signal) => {
      const url = new URL(text)
      const { status, headers, body } = await openUrl({ url, signal, gate, timeout: patience })
      if (status !== 200) {
        body.destroy()
        throw new AppError('download-failed', `${showUrl(url)} answered ${status}`)
      }
      const length = headers['content-length']
      return { size: length === undefined ? undefined : Number(length), body }
    },
  }
}
