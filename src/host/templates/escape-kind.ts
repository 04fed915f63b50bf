import { basename, extname } from 'node:path'

/** What kind of file a template becomes; it decides how values are escaped. */
export type EscapeKind = 'none' | 'json' | 'yaml' | 'shell' | 'env' | 'html' | 'nginx'

const kindByExtension: Readonly<Record<string, EscapeKind>> = {
  '.json': 'json',
  '.yaml': 'yaml',
  '.yml': 'yaml',
  '.sh': 'shell',
  '.bash': 'shell',
  '.env': 'env',
  '.html': 'html',
  '.htm': 'html',
  '.xhtml': 'html',
  '.xml': 'html',
  '.svg': 'html',
  '.nginx': 'nginx',
}

/** The kind of an output file by its name: `.env` and `nginx.conf` by the whole name, others by extension. */
export function escapeKindOf(fileName: string): EscapeKind {
  const name = basename(fileName).toLowerCase()
  if (name === '.env' || name.startsWith('.env.')) return 'env'
  if (name === 'nginx.conf' || name.endsWith('.nginx.conf')) return 'nginx'
  return kindByExtension[extname(name)] ?? 'none'
}
