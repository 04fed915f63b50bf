import { resolve } from 'node:path'

import { result } from '../../terminal/index.ts'
import { defineCommand } from '../context.ts'
import { openSettingsStore } from '../open-settings-store.ts'
import { renderReleases } from '../render/releases.ts'

export const publish = defineCommand({
  name: 'publish',
  group: 'Releases',
  summary: 'add a release archive to the store',
  description: 'Releases are never overwritten: the same bytes again are fine, others are refused.',
  arguments: {
    archive: { summary: 'archive made by `sluice pack`', complete: 'files' },
  },
  options: {
    store: { value: 'PLACE', summary: 'directory or URL; that of sluice.yaml unless given' },
  },
  examples: [{ line: 'publish shop-1.4.2.tar.gz', meaning: 'Publish to the configured store.' }],
  async run(context, { archive, store }) {
    const target = await openSettingsStore(context, store)
    const published = await target.publish(resolve(context.cwd, archive), {
      signal: context.signal,
    })
    return result(
      published,
      (release, style) =>
        `${renderReleases([release], style)}\nnext: sluice deploy ${release.name}@${release.version}`,
    )
  },
})
