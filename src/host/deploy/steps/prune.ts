import { pruneApp } from '../../prune.ts'
import type { DeployStep } from '../deploy-context.ts'

/** Removes what retention no longer keeps. */
export const prune: DeployStep = {
  name: 'prune',
  run: async ({ host, app, deployment }) => {
    const { removed } = await pruneApp(host, app, { dryRun: false, deployment })
    return { detail: removed.length === 0 ? 'nothing to remove' : `${removed.length} removed` }
  },
}
