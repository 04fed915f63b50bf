import { known, type DeployStep } from '../deploy-context.ts'
import {
  outwaitReleaseCommand,
  runReleaseCommand,
  type ReleaseCommand,
} from '../release-command.ts'

/** Milliseconds; a prestart command usually fetches images or warms caches. */
const prestartTimeout = 30 * 60_000

/** Runs the release's prestartCommand in its published directory. */
export const prestart: DeployStep = {
  name: 'prestart',
  run: async (context) => {
    const { prestartCommand } = known(context, 'manifest')
    if (prestartCommand === '') return { detail: 'none' }
    await runReleaseCommand(context, order(prestartCommand))
    return {}
  },
  undo: async (context) => {
    const command = context.facts.manifest?.prestartCommand ?? ''
    if (command !== '') await outwaitReleaseCommand(context, order(command))
  },
}

function order(command: string): ReleaseCommand {
  return { step: 'prestart', command, timeout: prestartTimeout, idempotent: false }
}
