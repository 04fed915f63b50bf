import type { IncomingMessage, ServerResponse } from 'node:http'

interface PageText {
  readonly title: string
  readonly text: string
}

const pages: Readonly<Record<number, PageText>> = {
  400: { title: 'Bad request', text: 'The request could not be understood.' },
  404: { title: 'Not found', text: 'Nothing is served under this host name.' },
  405: { title: 'Method not allowed', text: 'This method is not served.' },
  408: { title: 'Request time-out', text: 'The request did not arrive in time.' },
  413: { title: 'Content too large', text: 'The request body is larger than allowed here.' },
  502: { title: 'Bad gateway', text: 'The application did not answer properly.' },
  503: {
    title: 'Service unavailable',
    text: 'Nothing is connected here at the moment. Please try again soon.',
  },
  504: { title: 'Gateway time-out', text: 'The application did not answer in time.' },
}

export interface PageOptions {
  readonly requestId: string
  /** Whether the connection must not carry another request. */
  readonly close: boolean
  readonly detail?: string
}

/** A page of our own as headers (names and values in turn) and body: JSON for whoever accepts it, else HTML. */
export function renderPage(
  status: number,
  accept: string | undefined,
  options: PageOptions,
): { headers: string[]; body: string } {
  const page = pages[status] ?? { title: 'Error', text: 'The request failed.' }
  const text = options.detail === undefined ? page.text : `${page.text} (${options.detail})`
  const wantsJson = accept !== undefined && /\bjson\b/i.test(accept) && !/text\/html/i.test(accept)
  const body = wantsJson
    ? `${JSON.stringify({ error: { status, title: page.title, message: text, requestId: options.requestId } })}\n`
    : renderHtml(status, page.title, text, options.requestId)
  const headers = [
    'Content-Type',
    wantsJson ? 'application/json' : 'text/html; charset=utf-8',
    'Content-Length',
    String(Buffer.byteLength(body)),
    'Cache-Control',
    'no-store',
    'X-Request-Id',
    options.requestId,
  ]
  if (status === 503) headers.push('Retry-After', '5')
  if (options.close) headers.push('Connection', 'close')
  return { headers, body }
}

/** Answers with a page of our own; the connection is closed after it when a request body is still coming. */
export function sendPage(
  request: IncomingMessage,
  response: ServerResponse,
  page: { readonly status: number } & PageOptions,
): void {
  const bodyComes = !request.complete && hasBody(request)
  const { headers, body } = renderPage(page.status, request.headers.accept, {
    ...page,
    close: page.close || bodyComes,
  })
  response.writeHead(page.status, headers)
  if (!bodyComes) {
    response.end(request.method === 'HEAD' ? undefined : body)
    return
  }
  // Closing at once would reset the connection under the client's upload, and the page would be lost.
  response.write(body)
  request.resume()
  const end = (): void => void response.end()
  const timer = setTimeout(end, 1000)
  request.once('end', end)
  request.once('close', end)
  response.once('close', () => clearTimeout(timer))
}

export function hasBody(request: Pick<IncomingMessage, 'headers'>): boolean {
  const { headers } = request
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

function renderHtml(status: number, title: string, text: string, requestId: string): string {
  const safe = escapeHtml(text)
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${status} ${title}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:34em;margin:15vh auto;padding:0 1em;color:#333}small{color:#777}</style></head>
<body><h1>${title}</h1><p>${safe}</p><small>${status} · ${escapeHtml(requestId)}</small></body></html>
`
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
