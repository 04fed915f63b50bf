import { resolve } from 'node:path'

import type { ProxyModeConfig, ToolConfig } from '../config/tool-config.ts'
import { loadCachedContext, readContextFile } from './context-sources.ts'
import type { ReleaseConfig } from './release-config.ts'

/** What `ports` holds for a deploy: its own port, and four more that no other deploy's range touches. */
export interface Ports {
  readonly http: number
  readonly extra1: number
  readonly extra2: number
  readonly extra3: number
  readonly extra4: number
}

export function portsOf(port: number, { dynamicPortRange }: ProxyModeConfig): Ports {
  const width = dynamicPortRange.v2 - dynamicPortRange.v1
  const extra = (nth: number): number => port + nth * width
  return { http: port, extra1: extra(1), extra2: extra(2), extra3: extra(3), extra4: extra(4) }
}

/** The configured sources alone, as `expand-template` sees them. */
export function hostContext(config: ToolConfig): unknown {
  return Object.fromEntries(loadCachedContext(config))
}

/** What a release's templates see: its own sources, over them the configured ones, over all of them `ports`. */
export function releaseContext(
  config: ToolConfig,
  release: { readonly directory: string; readonly manifest: ReleaseConfig },
  ports: Ports | undefined,
): unknown {
  const own = Array.from(
    release.manifest.configSources,
    ([name, path]) => [name, readContextFile(resolve(release.directory, path))] as const,
  )
  const context = new Map<string, unknown>([...own, ...loadCachedContext(config)])
  if (ports !== undefined) context.set('ports', ports)
  return Object.fromEntries(context)
}
