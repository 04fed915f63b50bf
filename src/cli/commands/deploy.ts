import { result } from '../../terminal/index.ts'
import { releaseNames } from '../completers.ts'
import { defineCommand } from '../context.ts'
import { given } from '../given.ts'
import { deploymentResult } from '../render/deployment.ts'
import { renderPlan } from '../render/plan.ts'

export const deploy = defineCommand({
  name: 'deploy',
  group: 'Deploy',
  summary: 'bring a release live: stage, start, prove, switch, bake, commit, retire',
  description:
    'The old deploy serves until the new one has proved healthy and the endpoints have been switched. If anything fails, the host goes back by itself and says why.',
  arguments: {
    release: {
      summary: 'archive file, `name@version`, `name@latest`, file name in the store or `sha256:…`',
      complete: releaseNames,
    },
  },
  options: {
    label: { value: 'LABEL', summary: 'label of the new deploy; made from name and version' },
    endpoint: {
      short: 'e',
      value: 'NAME',
      summary: 'endpoint to switch, may be repeated; those of the app unless given',
      repeatable: true,
    },
    role: { value: 'ROLE', summary: 'role whose overrides in release.json apply' },
    dryRun: { short: 'n', summary: 'print the plan and its hash, change nothing' },
  },
  examples: [
    { line: 'deploy shop@1.4.2', meaning: 'Bring version 1.4.2 of shop live.' },
    { line: 'deploy ./shop-1.4.2.tar.gz --dry-run', meaning: 'Show what a deploy would do.' },
    { line: 'deploy shop@latest --json', meaning: 'Deploy from a script: one JSON object.' },
  ],
  async run(context, { release, label, endpoint, role, dryRun }) {
    const request = { release, ...given({ label, endpoints: endpoint, role }) }
    const host = await context.host()
    if (dryRun) return result(await host.planDeploy(request), renderPlan)
    return deploymentResult(await host.deployRelease(request))
  },
})
