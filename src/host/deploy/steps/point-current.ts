import { join } from 'node:path'

import { swapLink } from '../../../system/index.ts'
import type { DeployStep } from '../deploy-context.ts'

/** Points `current` at the committed deploy, by rename. */
export const pointCurrent: DeployStep = {
  name: 'point-current',
  run: async ({ app, request }) => {
    swapLink(join('deploys', request.label), app.paths.current)
    return { detail: request.label }
  },
}
