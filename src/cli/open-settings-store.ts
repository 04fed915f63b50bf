import type { ReleaseStore } from '../release/index.ts'
import type { CliContext } from './context.ts'

/** The store of sluice.yaml, or another place that the person named. */
export async function openSettingsStore(
  context: CliContext,
  place?: string,
): Promise<ReleaseStore> {
  const { openStore } = await import('../release/index.ts')
  if (place !== undefined) return openStore(place)
  const { store, storeTokenFile } = await context.settings()
  return openStore(store, storeTokenFile === undefined ? {} : { tokenFile: storeTokenFile })
}
