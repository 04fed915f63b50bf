import { refuse, scalarText, type Escaper } from './escaper.ts'

// nginx -t accepts most hostile values, so no escaping helps: a value has to be one of these words.
const grammar: readonly RegExp[] = [
  // host name, optionally with a leading wildcard, optionally with a port
  /^(\*\.)?([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(:\d{1,5})?$/,
  // IPv6 address
  /^\[[0-9A-Fa-f:.]{2,45}\](:\d{1,5})?$/,
  // number, size, time
  /^\d+(ms|[kmgsh])?$/i,
  // word such as on, off, default_server
  /^[a-z][a-z_]{0,30}$/,
]

const absolutePath = /^(unix:)?\/[A-Za-z0-9._/-]*$/

/** For nginx configuration: host names, numbers, sizes, times, words and plain absolute paths, nothing else. */
export function createNginxEscaper(): Escaper {
  return {
    pass: () => undefined,
    escape: (value) => {
      const text = scalarText(value)
      if (text.length <= 253 && grammar.some((rule) => rule.test(text))) return text
      if (text.length <= 4096 && absolutePath.test(text) && !text.split('/').includes('..'))
        return text
      throw refuse(
        'the value is not a host name, number, size, time, word or absolute path',
        'only these may go into an nginx configuration; write anything else in the template itself',
      )
    },
  }
}
