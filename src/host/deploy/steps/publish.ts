import { publishDirectory, removeTree } from '../../../system/index.ts'
import { stagingPath } from '../../layout.ts'
import { deployDirectory, stagedTree, type DeployStep } from '../deploy-context.ts'
import { findDeployRecord } from '../deploy-record.ts'

/** Makes the finished tree visible as `deploys/<label>` by one rename. */
export const publish: DeployStep = {
  name: 'publish',
  run: async (context) => {
    if (context.request.reuse) return {}
    const final = deployDirectory(context)
    if (findDeployRecord(final)?.deployment !== context.deployment) {
      // A directory that no record names is the rest of something older.
      removeTree(final)
      publishDirectory(stagedTree(context), final)
    }
    removeTree(stagingPath(context.host.layout, context.deployment))
    return {}
  },
  undo: async (context) => {
    const final = deployDirectory(context)
    if (!context.request.reuse && findDeployRecord(final)?.deployment === context.deployment)
      removeTree(final)
  },
}
