import { rateRules } from '../server/rate-limits.ts'
import type { Route } from './route.ts'
import { routes } from './table.ts'

/** docs/server-api.md, made from the route table. */
export function routeReference(): string {
  return `# The control server's interface

<!-- Made by scripts/generate-docs.ts from src/control/routes/table.ts; edit that. -->

JSON over HTTPS, with a token as \`Authorization: Bearer …\`. The server itself gives the same as OpenAPI at \`/openapi.json\`.
An error is \`{"error":{"code","message","hint"}}\`; the codes are those of [errors.md](errors.md). What is not yours is
answered as what does not exist. [use/server.md](use/server.md) shows how to run and use a server.

| route | what it does | right | requests a minute |
|---|---|---|---|
${routes.map(rowOf).join('\n')}
`
}

function rowOf({ method, path, summary, needs, rate }: Route): string {
  const right = needs === undefined ? 'anybody' : `\`${needs}\``
  return `| \`${method} ${path}\` | ${summary} | ${right} | ${rateRules[rate].perMinute} |`
}
