import { result } from '../../terminal/index.ts'
import { defineCommand } from '../context.ts'
import { deploymentResult, renderDeployment } from '../render/deployment.ts'

export const hostRevert = defineCommand({
  name: 'host revert',
  group: 'Internal',
  summary: 'go back because nobody confirmed a switch in time',
  arguments: {},
  options: {
    app: { value: 'APP', summary: 'app that was switched' },
    deployment: { value: 'ID', summary: 'deployment that was not confirmed' },
  },
  examples: [],
  hidden: true,
  async run(context, { app = '', deployment = '' }) {
    const reverted = await (await context.host()).revertDeployment({ app, deployment })
    // To have gone back is what was asked for: the timer must not try again.
    if (reverted?.outcome === 'undone') return result(reverted, renderDeployment)
    if (reverted !== undefined) return deploymentResult(reverted)
    return result({ reverted: false }, () => 'nothing to revert: it was confirmed or undone')
  },
})
