import type { Command } from './command.ts'
import { deploymentCommands } from './commands/deployment.ts'
import { frontendProxyCommands } from './commands/frontend-proxy.ts'
import { informationCommands } from './commands/information.ts'
import { preparationCommands } from './commands/preparation.ts'
import { remoteCommands } from './commands/remote.ts'

/** Every command as a value. What one does is imported when it runs, so that a start costs little. */
export const camus2Commands: readonly Command[] = [
  ...informationCommands,
  ...preparationCommands,
  ...deploymentCommands,
  ...frontendProxyCommands,
  ...remoteCommands,
]
