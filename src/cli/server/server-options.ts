import { AppError } from '../../errors/index.ts'

/** Options of every command that talks to a control server. */
export const serverOptions = {
  server: { value: 'URL', summary: 'address of the control server; also $SLUICE_SERVER' },
  tokenFile: {
    value: 'FILE',
    summary: 'file with the token, readable by you alone; also $SLUICE_TOKEN_FILE',
    complete: 'files',
  },
  identityFile: {
    value: 'FILE',
    summary: "the server's identity.pub, to pin it; also $SLUICE_SERVER_IDENTITY",
    complete: 'files',
  },
} as const

export interface ServerValues {
  readonly server: string | undefined
  readonly tokenFile: string | undefined
  readonly identityFile: string | undefined
}

export interface ServerPlace {
  readonly url: URL
  readonly tokenFile: string
  readonly identityFile: string | undefined
}

/** @throws AppError `usage`. */
export function serverPlace(
  values: ServerValues,
  environment: Readonly<Record<string, string | undefined>>,
): ServerPlace {
  const server = values.server ?? environment['SLUICE_SERVER']
  const tokenFile = values.tokenFile ?? environment['SLUICE_TOKEN_FILE']
  const identityFile = values.identityFile ?? environment['SLUICE_SERVER_IDENTITY']
  if (server === undefined) throw unknown('server', '--server URL or set SLUICE_SERVER')
  if (tokenFile === undefined) throw unknown('token', '--token-file FILE or set SLUICE_TOKEN_FILE')
  return { url: readUrl(server), tokenFile, identityFile }
}

function readUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isPlain = url !== undefined && url.username === '' && url.password === ''
  const isBare = url !== undefined && url.pathname === '/' && url.search === '' && url.hash === ''
  if (url === undefined || !isPlain || !isBare || !/^https?:$/.test(url.protocol))
    throw new AppError('usage', 'the address of the server is not of the form https://HOST:PORT')
  if (url.protocol === 'https:' || isOnThisMachine(url.hostname)) return url
  throw new AppError('usage', `would send a token to ${url.hostname} without TLS`, {
    hint: 'use its https:// address',
  })
}

function isOnThisMachine(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(\.\d+){3}$/.test(host)
}

function unknown(what: string, give: string): AppError {
  return new AppError('usage', `no ${what} was given`, { hint: `give ${give}` })
}
