import { resolve } from 'node:path'

import { formatPairs, formatSize, result } from '../../terminal/index.ts'
import { defineCommand } from '../context.ts'

const database = {
  value: 'FILE',
  summary: 'file of the SQLite database, in place of the configured one',
  complete: 'files',
} as const

export const serverBackup = defineCommand({
  name: 'server backup',
  group: 'Server',
  summary: "back the control server's database up, also while it runs",
  description:
    'The file holds the key of the servers and the hashes of tokens: it is as secret as the database. Archives of releases are not in it; copy their directory, or publish them again.',
  arguments: { file: { summary: 'file to write; it must not exist', complete: 'files' } },
  options: { database },
  examples: [
    { line: 'server backup /backup/sluice-2026-11-20', meaning: 'Everything as of one moment.' },
  ],
  async run(context, { file, database: named }) {
    const { serverSettings } = await import('../server/serve-until-stopped.ts')
    const { takeBackup } = await import('../../control/index.ts')
    const { systemClock } = await import('../../system/index.ts')
    const path = resolve(context.cwd, file)
    const head = await takeBackup(await serverSettings(context, named), path, systemClock)
    return result({ file: path, ...head }, (made, style) =>
      formatPairs(
        [
          ['backup', made.file],
          ['database', formatSize(made.size)],
          ['epoch', made.epoch],
        ],
        style,
      ),
    )
  },
})

export const serverRestore = defineCommand({
  name: 'server restore',
  group: 'Server',
  summary: 'put a backup in the place of the database, while no server runs',
  description:
    'The database that is there is kept beside it. The restored one has another epoch: agents and callers then know that its numbers are not those they remember.',
  arguments: { file: { summary: 'file that `sluice server backup` wrote', complete: 'files' } },
  options: { database },
  examples: [
    { line: 'server restore /backup/sluice-2026-11-20', meaning: 'Go back to that moment.' },
  ],
  async run(context, { file, database: named }) {
    const { serverSettings } = await import('../server/serve-until-stopped.ts')
    const { restoreBackup } = await import('../../control/index.ts')
    const { systemClock } = await import('../../system/index.ts')
    const path = resolve(context.cwd, file)
    const restored = await restoreBackup(await serverSettings(context, named), path, systemClock)
    return result(restored, ({ backup, epoch, kept, missing }, style) =>
      formatPairs(
        [
          ['restored', `the state of ${new Date(backup.at).toISOString()}`],
          ['epoch', epoch],
          ['kept', kept ?? 'nothing: there was no database'],
          ['archives', missing.length === 0 ? 'all there' : `missing: ${missing.join(', ')}`],
        ],
        style,
      ),
    )
  },
})

export const serverNewEpoch = defineCommand({
  name: 'server new-epoch',
  group: 'Server',
  summary: 'begin another life of a database that was put back by other means',
  description:
    'For PostgreSQL after pg_restore, or a file system that was rolled back; run it before the servers start.',
  arguments: {},
  options: { database },
  examples: [{ line: 'server new-epoch', meaning: 'After pg_restore.' }],
  async run(context, { database: named }) {
    const { serverSettings } = await import('../server/serve-until-stopped.ts')
    const { beginNewEpoch } = await import('../../control/index.ts')
    const { systemClock } = await import('../../system/index.ts')
    const epoch = await beginNewEpoch(await serverSettings(context, named), systemClock)
    return result({ epoch }, (begun) => `epoch ${begun.epoch}`)
  },
})
