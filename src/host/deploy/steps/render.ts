import { join } from 'node:path'

import { digestTree } from '../../../release/index.ts'
import { giveTo, lookUpUser, setMode } from '../../../system/index.ts'
import { linkShared } from '../../shared-paths.ts'
import { renderReleaseTemplates } from '../render-templates.ts'
import { known, releaseOf, stagedTree, type DeployStep } from '../deploy-context.ts'
import { takeContext } from '../context-snapshot.ts'
import { writeDeployRecord } from '../deploy-record.ts'

/** Renders the templates in staging, links what releases share, and writes the record that makes the tree complete. */
export const render: DeployStep = {
  name: 'render',
  run: async (context) => {
    if (context.request.reuse) return { detail: 'already rendered here' }
    const { host, app, request } = context
    const tree = stagedTree(context)
    const manifest = known(context, 'manifest')
    const { values, hash } = await takeContext(context, tree)
    const rendered = renderReleaseTemplates(tree, manifest.templates, values)
    giveToUser(
      rendered.map((path) => join(tree, path)),
      host.settings.user,
    )
    linkShared(app.paths.shared, tree, manifest.shared, host.settings.user)
    const { treeDigest, files } = await digestTree(tree, { exclude: ['.sluice'] })
    writeDeployRecord(tree, {
      deployment: context.deployment,
      label: request.label,
      release: releaseOf(context),
      role: request.role,
      manifest,
      contextHash: hash,
      treeDigest,
      files,
      rendered,
    })
    setMode(tree, 0o755)
    return { facts: { contextHash: hash, treeDigest }, detail: `${rendered.length} templates` }
  },
}

/** Rendered files may hold secrets: only the account that runs the release can read them. */
function giveToUser(paths: readonly string[], user: string | undefined): void {
  if (user === undefined) return
  const owner = lookUpUser(user)
  for (const path of paths) giveTo(path, owner)
}
