interface Page {
  readonly status: number
  readonly title: string
  readonly text: string
}

const pages: readonly Page[] = [
  { status: 502, title: 'Bad gateway', text: 'The application did not answer properly.' },
  {
    status: 503,
    title: 'Service unavailable',
    text: 'Nothing is connected here at the moment. Please try again soon.',
  },
  { status: 504, title: 'Gateway time-out', text: 'The application did not answer in time.' },
]

/** Pages of our own for what nginx itself has to say; what a deploy answers passes untouched. */
export const unavailablePages = pages.map((page) => renderPage(page)).join('')

function renderPage({ status, title, text }: Page): string {
  const json = JSON.stringify({ error: { status, title, message: text } })
  return `  error_page ${status} @sluice_${status};
  location @sluice_${status} {
    internal;
    default_type text/html;
    add_header Cache-Control no-store always;${status === 503 ? '\n    add_header Retry-After 5 always;' : ''}
    if ($http_accept ~* "json") {
      add_header Content-Type application/json always;
      return ${status} '${json}\\n';
    }
    return ${status} '<!doctype html><html lang="en"><title>${status} ${title}</title><h1>${title}</h1><p>${text}</p></html>\\n';
  }
`
}
