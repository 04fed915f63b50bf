import { result } from '../../terminal/index.ts'
import { defineCommand } from '../context.ts'
import { openSettingsStore } from '../open-settings-store.ts'
import { renderReleases } from '../render/releases.ts'
import { meansServer } from '../server/choose-server.ts'
import { serverOptions } from '../server/server-options.ts'

export const releases = defineCommand({
  name: 'releases',
  group: 'Releases',
  summary: 'list the releases of the store or the control server, newest first',
  arguments: {
    name: { summary: 'only releases of this name', optional: true },
  },
  options: {
    store: { value: 'PLACE', summary: 'directory or URL; that of sluice.yaml unless given' },
    ...serverOptions,
  },
  examples: [{ line: 'releases shop', meaning: 'List the releases of shop.' }],
  async run(context, { name, store: place, ...values }) {
    if (meansServer({ ...values, store: place }, context.io.environment)) {
      const { listReleasesOfServer, storedRelease } =
        await import('../server/releases-on-server.ts')
      const listed = await listReleasesOfServer(context, values, name)
      return result({ releases: listed }, (answer, style) =>
        renderReleases(answer.releases.map(storedRelease), style),
      )
    }
    const store = await openSettingsStore(context, place)
    const all = await store.list()
    const shown = all.filter((release) => name === undefined || release.name === name)
    return result({ store: store.description, releases: shown }, (answer, style) =>
      renderReleases(answer.releases, style),
    )
  },
})
