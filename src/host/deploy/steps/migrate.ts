import type { MigrateManifest } from '../../../release/index.ts'
import { known, type DeployStep } from '../deploy-context.ts'
import {
  outwaitReleaseCommand,
  runReleaseCommand,
  type ReleaseCommand,
} from '../release-command.ts'

/** Runs the release's migration once per deployment: on the new code with the new configuration, before traffic. */
export const migrate: DeployStep = {
  name: 'migrate',
  run: async (context) => {
    const { migrate: gate } = known(context, 'manifest')
    if (gate === undefined) return { detail: 'none' }
    if (context.request.reuse) return { detail: 'ran when the deploy was new' }
    await runReleaseCommand(context, forward(gate))
    return { detail: gate.undoCommand === undefined ? 'done, cannot be undone' : 'done' }
  },
  undo: async (context) => {
    const gate = context.facts.manifest?.migrate
    if (gate === undefined || context.request.reuse) return
    await outwaitReleaseCommand(context, forward(gate))
    if (gate.undoCommand === undefined) {
      const text = 'the migration stays: the release declares no way back (migrate.undoCommand)'
      return context.host.report({ type: 'notice', level: 'warning', text })
    }
    await runReleaseCommand(context, {
      step: 'migrate-undo',
      command: gate.undoCommand,
      timeout: gate.timeout,
      idempotent: true,
    })
  },
}

function forward({ command, timeout }: MigrateManifest): ReleaseCommand {
  return { step: 'migrate', command, timeout, idempotent: false }
}
