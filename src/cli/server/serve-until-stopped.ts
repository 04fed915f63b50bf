import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'

import {
  readServerSettings,
  startServer,
  type ControlServer,
  type ServerSettings,
} from '../../control/index.ts'
import { replaceFile, untilAborted } from '../../system/index.ts'
import type { CliContext } from '../context.ts'

export interface ServeValues {
  readonly database: string | undefined
  readonly insecureHttp: boolean
  readonly adminTokenFile: string | undefined
}

/** Serves until the first Ctrl-C or SIGTERM, then closes without losing what was acknowledged. */
export async function serveUntilStopped(context: CliContext, values: ServeValues): Promise<void> {
  const { io, signal, cwd } = context
  const settings = await serverSettings(context, values.database)
  const server = await startServer({
    settings,
    insecureHttp: values.insecureHttp,
    write: (line) => io.stderr.write(line),
    environment: io.environment,
  })
  const file = values.adminTokenFile ?? journalFile(io.environment, settings)
  showStart(server, io.stdout, file === undefined ? undefined : resolve(cwd, file))
  await untilAborted(signal)
  await server.close()
}

/** Where sluice-server.yaml is; undefined when there is none. */
export function settingsFile({
  place,
  cwd,
  io,
}: Pick<CliContext, 'place' | 'cwd' | 'io'>): string | undefined {
  const named = place.config ?? io.environment['SLUICE_SERVER_CONFIG']
  const usual = [join(cwd, 'sluice-server.yaml'), '/etc/sluice/sluice-server.yaml']
  return named === undefined ? usual.find((path) => existsSync(path)) : resolve(cwd, named)
}

/** The settings of the server that this machine would run. */
export async function serverSettings(
  { place, cwd, io }: CliContext,
  database: string | undefined,
): Promise<ServerSettings> {
  const file = settingsFile({ place, cwd, io })
  const settings = await readServerSettings(file)
  return database === undefined
    ? settings
    : { ...settings, database: { sqlite: resolve(cwd, database) } }
}

/** Where standard output goes to systemd's journal, which others may read, the token goes to a file. */
function journalFile(
  environment: CliContext['io']['environment'],
  { state }: ServerSettings,
): string | undefined {
  return environment['JOURNAL_STREAM'] === undefined ? undefined : join(state, 'first-admin.token')
}

function showStart(
  { url, identity, firstAdmin }: ControlServer,
  stdout: CliContext['io']['stdout'],
  file: string | undefined,
): void {
  stdout.write(`sluice server at ${url}, identity ${identity.keyHash}\n`)
  if (firstAdmin === undefined) return
  if (file === undefined) {
    stdout.write(`first admin token, shown this once: ${firstAdmin.reveal()}\n`)
    return
  }
  // The token of an earlier start that nobody has used is void, and its file in the way.
  replaceFile(file, `${firstAdmin.reveal()}\n`, { mode: 0o600 })
  stdout.write(`first admin token: in ${file}\n`)
}
