import { known, type DeployStep } from '../deploy-context.ts'
import { ownEntry, ownService } from '../own-deploy.ts'
import { proveDeploy, watchDeploy } from '../prove-deploy.ts'

/** Checks the new deploy before it gets traffic. */
export const prove: DeployStep = {
  name: 'prove',
  run: async (context) => {
    const { host, deployment, signal } = context
    const { check } = known(context, 'manifest')
    const driver = host.driver(ownEntry(context).driver)
    const order = { spec: ownService(context), driver, name: deployment, signal }
    if (check === undefined) {
      const wasWatched = await watchDeploy(host, order)
      const text =
        'not proved: the release declares no check, so sluice cannot tell whether it works'
      host.report({ type: 'notice', level: 'warning', text })
      const seen = wasWatched ? `, stayed up for ${host.settings.stayUpFor} ms` : ''
      return { facts: { proof: 'not proved' }, detail: `not proved${seen}` }
    }
    const { finding, ownership } = await proveDeploy(host, check, order)
    const owner = ownership === 'proved' ? '' : ', listener not proved to be its own'
    return { facts: { proof: 'proved' }, detail: `${finding}${owner}` }
  },
}
