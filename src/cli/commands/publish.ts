import { resolve } from 'node:path'

import { result } from '../../terminal/index.ts'
import { defineCommand } from '../context.ts'
import { openSettingsStore } from '../open-settings-store.ts'
import { renderReleases } from '../render/releases.ts'
import { meansServer } from '../server/choose-server.ts'
import { serverOptions } from '../server/server-options.ts'

export const publish = defineCommand({
  name: 'publish',
  group: 'Releases',
  summary: 'add a release archive to the store or the control server',
  description:
    'Releases are never overwritten: the same bytes again are fine, others are refused. The statement and signatures of `sluice sign` go with the archive. ' +
    'It goes to the server with --server, and also without when $SLUICE_SERVER is set and no --store is given.',
  arguments: {
    archive: { summary: 'archive made by `sluice pack`', complete: 'files' },
  },
  options: {
    store: { value: 'PLACE', summary: 'directory or URL; that of sluice.yaml unless given' },
    ...serverOptions,
  },
  examples: [
    { line: 'publish shop-1.4.2.tar.gz', meaning: 'Publish to the configured store.' },
    {
      line: 'publish shop-1.4.2.tar.gz --server https://deploy.example.com:7780',
      meaning: 'Publish to the control server.',
    },
  ],
  async run(context, { archive, store, ...values }) {
    if (meansServer({ ...values, store }, context.io.environment)) {
      const { publishOnServer, storedRelease } = await import('../server/releases-on-server.ts')
      const release = await publishOnServer(context, values, archive)
      return result(release, (shown, style) => renderReleases([storedRelease(shown)], style))
    }
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
