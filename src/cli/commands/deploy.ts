import { AppError } from '../../errors/index.ts'
import { result } from '../../terminal/index.ts'
import { releaseNames } from '../completers.ts'
import { defineCommand } from '../context.ts'
import { given } from '../given.ts'
import { deploymentResult } from '../render/deployment.ts'
import { renderPlan } from '../render/plan.ts'
import { serverOptions } from '../server/server-options.ts'

export const deploy = defineCommand({
  name: 'deploy',
  group: 'Deploy',
  summary: 'bring a release live: stage, start, prove, switch, bake, commit, retire',
  description:
    'The old deploy serves until the new one has proved healthy and the endpoints have been switched. If anything fails, the host goes back by itself and says why. With `--to` the control server brings it to all hosts with these labels: nobody switches before all that can be reached are ready, and if one fails all go back.',
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
    to: { value: 'LABELS', summary: 'hosts of the control server, such as app=shop,env=prod' },
    reason: { value: 'TEXT', summary: 'why; with `--to`, where an admin must say' },
    ...serverOptions,
    dryRun: { short: 'n', summary: 'print the plan and its hash, change nothing' },
  },
  examples: [
    { line: 'deploy shop@1.4.2', meaning: 'Bring version 1.4.2 of shop live.' },
    { line: 'deploy ./shop-1.4.2.tar.gz --dry-run', meaning: 'Show what a deploy would do.' },
    { line: 'deploy shop@latest --json', meaning: 'Deploy from a script: one JSON object.' },
    {
      line: 'deploy shop@1.4.2 --to app=shop,env=prod --server https://ctl:7780',
      meaning: 'Bring it to all hosts with these labels, and follow it.',
    },
  ],
  async run(context, { release, label, endpoint, role, dryRun, to, reason, ...values }) {
    if (to !== undefined) {
      refuseOfHost({ label, role, dryRun: dryRun ? '' : undefined })
      const { deployOnServer } = await import('../server/deployments-on-server.ts')
      const { fleetDeploymentResult } = await import('../render/fleet.ts')
      const wanted = { release, to, endpoints: endpoint, reason }
      return fleetDeploymentResult(await deployOnServer(context, values, wanted))
    }
    if (values.server !== undefined)
      throw new AppError('usage', '--server was given without --to', {
        hint: 'say which hosts: --to app=NAME,env=ENVIRONMENT',
      })
    const request = { release, ...given({ label, endpoints: endpoint, role }) }
    const host = await context.host()
    if (dryRun) return result(await host.planDeploy(request), renderPlan)
    return deploymentResult(await host.deployRelease(request))
  },
})

/** What each host settles by its own rules. */
function refuseOfHost(options: Readonly<Record<string, string | undefined>>): void {
  const [name] = Object.entries(options).find(([, value]) => value !== undefined) ?? []
  if (name === undefined) return
  const option = name === 'dryRun' ? '--dry-run' : `--${name}`
  throw new AppError('usage', `${option} goes with a deploy on this host, not with --to`)
}
