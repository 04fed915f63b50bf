import type { Dialect, Printer, Truth } from './dialect.ts'
import type { EscapeKind } from './escape-kind.ts'
import { createEnvEscaper } from './escapers/env-escaper.ts'
import { scalarText, type Escaper } from './escapers/escaper.ts'
import { createHtmlEscaper } from './escapers/html-escaper.ts'
import { createJsonEscaper } from './escapers/json-escaper.ts'
import { createNginxEscaper } from './escapers/nginx-escaper.ts'
import { createPlainEscaper } from './escapers/plain-escaper.ts'
import { createShellEscaper } from './escapers/shell-escaper.ts'
import { createYamlEscaper } from './escapers/yaml-escaper.ts'

const escaperOf: Readonly<Record<EscapeKind, () => Escaper>> = {
  none: createPlainEscaper,
  json: createJsonEscaper,
  yaml: createYamlEscaper,
  shell: createShellEscaper,
  env: createEnvEscaper,
  html: createHtmlEscaper,
  nginx: createNginxEscaper,
}

/** sluice's own mustache: a missing variable is an error, and values are escaped for the file they go into. */
export function nativeDialect(kind: EscapeKind): Dialect {
  return {
    missing: 'error',
    optionalTags: true,
    maxDepth: 64,
    maxBytes: 10 * 1024 * 1024,
    truth,
    createPrinter: () => createPrinter(kind),
  }
}

/** As the mustache specification has it: missing, null, false and the empty list are false. */
function truth(value: unknown): Truth {
  const isFalse =
    value === undefined ||
    value === null ||
    value === false ||
    (Array.isArray(value) && value.length === 0)
  return isFalse ? 'false' : 'true'
}

function createPrinter(kind: EscapeKind): Printer {
  const escaper = escaperOf[kind]()
  return {
    pass: (text) => escaper.pass(text),
    print: (value, tag) => {
      // Raw text could bring directives into nginx's configuration, so there is no way round its grammar.
      if (!tag.raw || kind === 'nginx') return escaper.escape(value)
      const text = scalarText(value)
      escaper.pass(text)
      return text
    },
  }
}
