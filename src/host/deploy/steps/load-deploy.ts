import { readDeployRecord } from '../deploy-record.ts'
import { deployDirectory, type DeployStep } from '../deploy-context.ts'
import { ownEntry } from '../own-deploy.ts'

/** Reads what an existing deploy's directory says of itself, for the steps that follow. */
export const loadDeploy: DeployStep = {
  name: 'load-deploy',
  run: async (context) => {
    const { manifest, contextHash, treeDigest } = readDeployRecord(deployDirectory(context))
    return {
      facts: { manifest, contextHash, treeDigest, proof: 'none needed' },
      detail: ownEntry(context).label,
    }
  },
}
