import { AppError } from '../../errors/index.ts'
import type { ServerSettings } from '../settings/server-settings.ts'

/** Whether an address can be reached from this machine only. */
export function isLoopback(address: string): boolean {
  return address === '::1' || /^(::ffff:)?127\./.test(address)
}

/**
 * Plain HTTP is for this machine, or for declared proxies that speak TLS to the outside.
 * @throws AppError `server-insecure`.
 */
export function assertSafeToListen(
  { listen, tls, trustedProxies }: Pick<ServerSettings, 'listen' | 'tls' | 'trustedProxies'>,
  { insecureHttp }: { readonly insecureHttp: boolean },
): void {
  if (tls.mode !== 'off' || isLoopback(listen.address) || insecureHttp) return
  if (trustedProxies.length > 0) return
  throw new AppError(
    'server-insecure',
    `would serve plain HTTP on ${listen.address}, which other machines can reach`,
    {
      hint: 'leave out `tls: {mode: off}`, name the proxy in `trustedProxies`, or type --insecure-http',
    },
  )
}

/** An IPv4 address as such, also where the socket speaks IPv6. */
export function plainAddress(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:(?=\d+\.)/, '')
}

/** Who called: behind declared proxies the last address that none of them has. */
export function callerAddress(
  peer: string,
  forwarded: string | undefined,
  trustedProxies: readonly string[],
): string {
  if (!trustedProxies.includes(peer) || forwarded === undefined) return peer
  const hops = forwarded.split(',').map((hop) => plainAddress(hop.trim()))
  const caller = hops.findLast((hop) => !trustedProxies.includes(hop))
  return caller !== undefined && /^[0-9a-fA-F.:]{2,45}$/.test(caller) ? caller : peer
}
