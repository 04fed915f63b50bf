import type { Route } from '../routes/route.ts'

export type Found =
  | {
      readonly kind: 'found'
      readonly route: Route
      readonly params: Readonly<Record<string, string>>
    }
  /** The path is known, with these methods. */
  | { readonly kind: 'wrong-method'; readonly allowed: readonly string[] }
  | { readonly kind: 'unknown' }

export type Router = (method: string, path: string) => Found

/** Which names may stand in a path. */
const parameters: Readonly<Record<string, string>> = {
  trigger: '[A-Za-z0-9][A-Za-z0-9._-]{0,127}',
  sequence: '[1-9][0-9]{0,14}',
  token: '[0-9A-Za-z]{11}',
  agent: '[A-Za-z0-9][A-Za-z0-9.-]{0,62}',
  digest: '[0-9a-f]{64}',
  run: 's-[0-9a-f]{20}',
  deployment: '[A-Za-z0-9][A-Za-z0-9._-]{0,99}',
  app: '[a-z0-9][a-z0-9._-]{0,31}',
}

export function createRouter(routes: readonly Route[]): Router {
  const rows = routes.map((route) => ({ route, pattern: patternOf(route.path) }))
  return (method, path) => {
    const fitting = rows.filter(({ pattern }) => pattern.test(path))
    const row = fitting.find(({ route }) => answers(route, method))
    if (row !== undefined)
      return { kind: 'found', route: row.route, params: { ...row.pattern.exec(path)?.groups } }
    if (fitting.length === 0) return { kind: 'unknown' }
    return { kind: 'wrong-method', allowed: fitting.map(({ route }) => route.method) }
  }
}

/** HEAD is of use where a file may be large; elsewhere nobody has asked for it. */
function answers(route: Route, method: string): boolean {
  return route.method === method || (method === 'HEAD' && route.sendsFile === true)
}

function patternOf(path: string): RegExp {
  const source = path
    .replaceAll('.', String.raw`\.`)
    .replaceAll(/\{(\w+)\}/g, (_all, name: string) => `(?<${name}>${parameters[name] ?? '(?!)'})`)
  return new RegExp(`^${source}$`)
}
