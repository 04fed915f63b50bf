/** Where a deploy listens. */
export type Target = { readonly app: string; readonly label: string } & (
  | { readonly kind: 'tcp'; readonly port: number }
  /** `directory` holds `app.sock` and is what an endpoint's link points to. */
  | { readonly kind: 'socket'; readonly directory: string }
)

/** A named public entry as the configuration has it, checked by grammar. */
export interface Endpoint {
  readonly name: string
  /** The only app that may be connected; any app when undefined. */
  readonly app: string | undefined
  /** Lowercase host names, `*.example.org` allowed; empty means every host. */
  readonly serverNames: readonly string[]
  readonly tls:
    | { readonly certificate: string; readonly key: string; readonly redirect: boolean }
    | undefined
}

/** What the proxy serves: one entry per configured endpoint. */
export interface RouteTable {
  /** Grows with every change; a probe reads it back. */
  readonly generation: number
  readonly routes: Readonly<Record<string, Route>>
}

export interface Route {
  readonly endpoint: Endpoint
  /** Undefined while nothing is connected: visitors get 503. */
  readonly target: Target | undefined
  /** The generation in which this route last changed. */
  readonly generation: number
}
