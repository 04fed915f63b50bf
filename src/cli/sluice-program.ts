import { sluiceVersion } from '../system/index.ts'
import type { Program } from '../terminal/index.ts'
import { commands } from './commands/all.ts'
import { createContext, type CliContext } from './context.ts'
import type { HostDoor } from './host-door.ts'
import { readSeconds } from './read-number.ts'

/** sluice as a command line program on some host, started in some directory. */
export function sluiceProgram(door: HostDoor, cwd: string): Program<CliContext> {
  return {
    name: 'sluice',
    summary: 'sluice takes a release live on this host without dropping a request',
    version: sluiceVersion,
    commands,
    globals: {
      config: {
        value: 'FILE',
        summary: 'sluice.yaml to use; also $SLUICE_CONFIG, ./sluice.yaml, /etc/sluice/sluice.yaml',
        complete: 'files',
      },
      wait: {
        value: 'SECONDS',
        summary: 'how long to wait when somebody else works on the app',
        parse: readSeconds,
      },
    },
    resumeHint: '`sluice resume` finishes or undoes it',
    createContext: (run) => createContext(run, door, cwd),
  }
}
