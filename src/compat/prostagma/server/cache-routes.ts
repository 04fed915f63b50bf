import { toAppError, type AppError, type ErrorCode } from '../../../errors/index.ts'
import { trustSystemRoots } from '../../../system/index.ts'
import { sendFile } from './send-file.ts'
import type { Exchange, Route, ServerContext } from './server-context.ts'

/** GET /cache: what was fetched. It fetches nothing itself. */
export const readCache: Route = async ({ ask, ip, request, response }, { relay, log }) => {
  const { url } = ask
  const file = relay.open(url)
  if (file === undefined) {
    log.info('Client asked for uncached file', { ip, url: shown(url) })
    return void response.writeHead(404).end()
  }
  log.info('Serving cached file', { ip, url: shown(url) })
  await sendFile(file, request, response)
}

/** POST /cache: fetches from the web, whatever is there already; answered when the file is whole. */
export const cacheFromWeb: Route = (exchange, { relay, ...context }) =>
  cache(exchange, context, {
    kind: 'web',
    failure: 'Failed to download from URL',
    fetch: (url) => {
      trustSystemRoots()
      return relay.fetchUrl(url, url)
    },
  })

/** POST /cache/s3: the same by the aws CLI. */
export const cacheFromS3: Route = (exchange, { relay, ...context }) =>
  cache(exchange, context, {
    kind: 's3',
    failure: 'Failed to invoke AWS',
    fetch: (url) =>
      relay.fetchS3(url, url, {
        program: context.settings.aws,
        env: context.childEnv,
        output: (output) => context.log.info('Invoked AWS', { url: shown(url), output }),
      }),
  })

interface Fetching {
  readonly kind: 'web' | 's3'
  /** What the log says when it fails. */
  readonly failure: string
  readonly fetch: (url: string) => Promise<void>
}

async function cache(
  { ask, ip, response }: Exchange,
  { metrics, log }: Omit<ServerContext, 'relay'>,
  { kind, failure, fetch }: Fetching,
): Promise<void> {
  const url = shown(ask.url)
  try {
    await fetch(ask.url)
    metrics.downloads.add({ kind, result: 'ok' })
    log.info('Cached file', { ip, url })
    response.writeHead(200).end()
  } catch (thrown) {
    const error = toAppError(thrown)
    metrics.downloads.add({ kind, result: 'failed' })
    log.error(failure, { ip, url, error: error.message, ...outputOf(error) })
    response.writeHead(absent.has(error.code) ? 404 : 500).end()
  }
}

/** The file is not to be had from there; anything else is a failure of ours. */
const absent: ReadonlySet<ErrorCode> = new Set(['origin-refused', 'download-failed'])

function outputOf({ output }: AppError): { readonly output?: string } {
  return output === undefined ? {} : { output }
}

/** A URL as the log may have it: the password in it is nobody's business. */
function shown(url: string): string {
  return url.replace(/^([a-z][a-z\d+.-]*:\/\/)[^/?#]*@/i, '$1')
}
