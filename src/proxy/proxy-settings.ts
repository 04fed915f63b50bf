/** Where a proxy listens. */
export interface ListenAddress {
  /** An IPv4 or IPv6 address; `0.0.0.0` and `::` mean all. */
  readonly address: string
  readonly port: number
}

/** How the proxy of a host is to work. Durations are milliseconds, sizes bytes. */
export interface ProxySettings {
  readonly driver: 'embedded' | 'nginx'
  readonly mode: 'proxy' | 'socket' | 'reload'
  readonly http: ListenAddress
  readonly https: ListenAddress | undefined
  /** Longest wait for the next byte from a deploy. */
  readonly timeout: number
  /** Largest request body; 0 is no limit. */
  readonly maxBody: number
  readonly accessLog: boolean
  /** Path that answers load balancers on every host name. */
  readonly healthPath: string | undefined
  readonly nginx: NginxSettings
  /** Addresses of proxies in front of ours whose X-Forwarded-* are believed. */
  readonly trustedProxies?: readonly string[]
  /** Longest wait of a leaving proxy for its last requests and connections; 60 s unless told. */
  readonly drainWithin?: number
}

export interface NginxSettings {
  /** The executable. */
  readonly program: string
  /** A directory whose `*.conf` nginx includes inside `http`. */
  readonly configDirectory: string
  readonly mainConfig: string
  /** Account of nginx's workers, for the group that may connect to the deploys' sockets. */
  readonly user: string | undefined
  /** Prefix nginx was started with (`-p`), when it was. */
  readonly prefix?: string
  /** `/run/nginx.pid` unless told. */
  readonly pidFile?: string
}

/** The folders of a host that the proxy works in. */
export interface ProxyPlace {
  readonly root: string
  /** Emptied by a reboot; short, because a unix socket path has at most 107 bytes. */
  readonly runDir: string
}
