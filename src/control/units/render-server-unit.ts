import { quoteUnitWord, unitSandbox } from '../../system/index.ts'
import type { ServerSettings } from '../settings/server-settings.ts'

export interface ServerUnit {
  /** Program and words that begin `sluice`. */
  readonly command: readonly string[]
  /** The settings' file; undefined when everything has its default. */
  readonly config: string | undefined
  readonly user: string
  readonly settings: Pick<ServerSettings, 'state' | 'database' | 'releases'>
}

/** The server as a unit of systemd: an account without rights, which writes where its settings say and nowhere else. */
export function renderServerUnit({ command, config, user, settings }: ServerUnit): string {
  const words = [...command, 'server', ...(config === undefined ? [] : ['--config', config])]
  return `[Unit]
Description=sluice: the control server
Wants=network-online.target
After=network-online.target nss-lookup.target postgresql.service

[Service]
Type=notify
NotifyAccess=all
WatchdogSec=30
ExecStart=${words.map(quoteUnitWord).join(' ')}
User=${user}
Restart=always
RestartSec=1
RestartPreventExitStatus=4
TimeoutStopSec=30
LimitNOFILE=65536
${placesOf(settings).join('\n')}
${[...unitSandbox, 'ProcSubset=pid'].join('\n')}

[Install]
WantedBy=multi-user.target
`
}

/** systemd makes a state directory in its usual place; others must be there. */
function placesOf({ state, database, releases }: ServerUnit['settings']): string[] {
  const [, name] = /^\/var\/lib\/([A-Za-z0-9_.-]+)$/.exec(state) ?? []
  const own = name === undefined ? [] : [`StateDirectory=${name}`, 'StateDirectoryMode=0700']
  const file = database.sqlite === undefined ? [] : [parentOf(database.sqlite)]
  const elsewhere = [...(name === undefined ? [state] : []), ...file, releases.directory]
  const outside = elsewhere.filter((path) => path !== state && !path.startsWith(`${state}/`))
  const written = name === undefined ? [state, ...outside] : outside
  return [...own, ...[...new Set(written)].map((path) => `ReadWritePaths=${quoteUnitWord(path)}`)]
}

function parentOf(path: string): string {
  return path.replace(/\/[^/]*$/, '') || '/'
}
