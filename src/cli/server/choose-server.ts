import { AppError } from '../../errors/index.ts'
import type { ServerValues } from './server-options.ts'

/**
 * Whether a command that works with a store as well means the server: when one is named, or is the usual one and no
 * store is named. @throws AppError `usage` when both are named.
 */
export function meansServer(
  { server, store }: Pick<ServerValues, 'server'> & { readonly store: string | undefined },
  environment: Readonly<Record<string, string | undefined>>,
): boolean {
  if (server !== undefined && store !== undefined)
    throw new AppError('usage', 'both --server and --store were given; a release goes to one')
  if (store !== undefined) return false
  return (server ?? environment['SLUICE_SERVER']) !== undefined
}
