import { exitCodeReference, programReference } from '../terminal/index.ts'
import { openHostDoor } from './open-host.ts'
import { sluiceProgram } from './sluice-program.ts'

/** docs/cli.md, made from the command values. */
export function commandReference(): string {
  return programReference(sluiceProgram(openHostDoor(), '/'))
}

export { exitCodeReference }
