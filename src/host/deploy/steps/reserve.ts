import { AppError } from '../../../errors/index.ts'
import { choosePort } from '../../ports.ts'
import { socketDirectory } from '../../layout.ts'
import { changeDeploy, withDeploy, withoutDeploy, type DeployEntry } from '../../state/app-state.ts'
import { known, releaseOf, type DeployContext, type DeployStep } from '../deploy-context.ts'
import { targetKind } from '../deploy-target.ts'
import { assertListens } from '../preflight.ts'
import { chooseDriver } from '../../drivers/choose-driver.ts'

/** Records the deploy with its label and its own port or socket, before anything of it exists. */
export const reserve: DeployStep = {
  name: 'reserve',
  run: async (context) => {
    const present = context.app.state.deploys[context.request.label]
    if (
      present !== undefined &&
      present.deployment !== context.deployment &&
      !context.request.reuse
    ) {
      throw new AppError(
        'label-exists',
        `a deploy labelled "${context.request.label}" already exists`,
        {
          hint: 'choose another with --label LABEL, or stop and prune the old one',
        },
      )
    }
    const entry =
      present?.deployment === context.deployment ? present : await record(context, present)
    const { port, socketDirectory: directory, driver } = entry
    return {
      facts: {
        driver,
        wasRunning: entry.wanted === 'running',
        ...(port === undefined ? {} : { port }),
        ...(directory === undefined ? {} : { socketDirectory: directory }),
      },
      detail:
        port === undefined ? `${entry.label} on its socket` : `${entry.label} on port ${port}`,
    }
  },
  undo: async ({ app, deployment, request: { label, reuse } }) => {
    const entry = app.state.deploys[label]
    // The label of another deployment, or one we did not get to record, is not ours to take away.
    if (entry?.deployment !== deployment) return
    if (!reuse) app.update((state) => withoutDeploy(state, label))
    else if (entry.wanted === 'staged')
      app.update((state) => changeDeploy(state, label, { wanted: 'stopped' }))
  },
}

async function record(
  context: DeployContext,
  present: DeployEntry | undefined,
): Promise<DeployEntry> {
  const { host, app, request } = context
  const manifest = known(context, 'manifest')
  assertListens(host, request, manifest.listen)
  const kind = targetKind(host.proxy, manifest.listen)
  const note = (port: number | undefined): DeployEntry => {
    if (present?.port !== undefined && port !== present.port) throw portGone(present)
    const entry: DeployEntry = {
      label: request.label,
      release: releaseOf(context),
      wanted: present?.wanted === 'running' ? 'running' : 'staged',
      port,
      socketDirectory:
        kind === 'socket' ? socketDirectory(host.layout, app.state.app, request.label) : undefined,
      driver: chooseDriver(manifest.service !== undefined, { service: host.settings.driver }),
      createdAt: host.clock.now(),
      deployment: context.deployment,
    }
    app.update((state) => withDeploy(state, entry))
    return entry
  }
  // What still runs, kept warm beside what serves, has its port.
  if (present?.wanted === 'running') return note(present.port)
  return await choosePort(host, { wanted: kind === 'tcp', preferred: present?.port }, note)
}

function portGone({ label, port }: DeployEntry): AppError {
  return new AppError('port-taken', `port ${port} of the earlier deploy "${label}" is in use`, {
    hint: 'free the port, or deploy the release again instead of rolling back',
  })
}
