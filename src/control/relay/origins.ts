import { AppError } from '../../errors/index.ts'

/** A part of the web: scheme, host, port and beginning of the path. */
export interface Origin {
  readonly origin: string
  /** Begins and ends with a slash. */
  readonly path: string
}

/** Reads `https://host:port/path/`. @throws AppError `config-invalid`. */
export function parseOrigin(text: string): Origin {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isOrigin =
    url !== undefined &&
    /^https?:$/.test(url.protocol) &&
    [url.username, url.password, url.search, url.hash].every((part) => part === '')
  if (!isOrigin) {
    throw new AppError('config-invalid', `"${text}" is not an origin`, {
      hint: 'write https://host, https://host:port or https://host/path/',
    })
  }
  return { origin: url.origin, path: withSlash(url.pathname) }
}

/** Whether a parsed address lies in it; its path is taken by whole segments. */
export function allowsUrl({ origin, path }: Origin, url: URL): boolean {
  return url.origin === origin && withSlash(url.pathname).startsWith(path)
}

function withSlash(path: string): string {
  return path.endsWith('/') ? path : `${path}/`
}
