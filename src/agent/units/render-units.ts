import { AppError } from '../../errors/index.ts'

export interface AgentUnit {
  /** Program and first words of sluice. */
  readonly command: readonly string[]
  readonly user: string
  readonly state: string
}

/**
 * The agent: an account without rights, which reads the network and one socket. systemd gives it its state directory, so that a
 * machine may be enrolled as root. Status 4 means that going on is of no use: another server answers, or it does not want us.
 */
export function renderAgentUnit({ command, user, state }: AgentUnit): string {
  const directory = stateBelowLib(state)
  return `[Unit]
Description=sluice: carries what the control server wants to this host
Wants=network-online.target
After=network-online.target nss-lookup.target
ConditionPathExists=${directory.path}/agent.json

[Service]
ExecStart=${quoted([...command, 'agent', '--state', state])}
User=${user}
Restart=always
RestartSec=1
RestartPreventExitStatus=4
StateDirectory=${directory.name}
StateDirectoryMode=0700
${sandbox.join('\n')}

[Install]
WantedBy=multi-user.target
`
}

/** Held to a measure by a test: \`systemd-analyze security\` at most 2.5. */
const sandbox = [
  'UMask=0077',
  'NoNewPrivileges=yes',
  'CapabilityBoundingSet=',
  'AmbientCapabilities=',
  'ProtectSystem=strict',
  'ProtectHome=yes',
  'ProtectProc=invisible',
  'PrivateTmp=yes',
  'PrivateDevices=yes',
  'PrivateUsers=yes',
  'PrivateIPC=yes',
  'ProtectClock=yes',
  'ProtectControlGroups=yes',
  'ProtectHostname=yes',
  'ProtectKernelLogs=yes',
  'ProtectKernelModules=yes',
  'ProtectKernelTunables=yes',
  'RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6',
  'RestrictNamespaces=yes',
  'RestrictRealtime=yes',
  'RestrictSUIDSGID=yes',
  'RemoveIPC=yes',
  'LockPersonality=yes',
  'KeyringMode=private',
  'DevicePolicy=closed',
  'SystemCallArchitectures=native',
  'SystemCallFilter=@system-service',
  'SystemCallFilter=~@privileged @resources',
  'SystemCallErrorNumber=EPERM',
  'TasksMax=64',
  'MemoryMax=512M',
]

export interface HostUnit {
  readonly command: readonly string[]
  /** Account of the agent, whose group may use the socket. */
  readonly user: string
}

/** What acts: root, outside that sandbox. What it has started outlives it. */
export function renderHostUnit({ command, user }: HostUnit): string {
  return `[Unit]
Description=sluice: does on this host what its policy allows the control server to want
After=network-online.target nss-lookup.target sluice-boot.service

[Service]
Type=notify
NotifyAccess=all
ExecStart=${quoted([...command, 'host', 'serve', '--group', user])}
Restart=always
RestartSec=1
KillMode=process

[Install]
WantedBy=multi-user.target
`
}

/** As systemd reads words: specifiers and variables are meant literally. */
function quoted(words: readonly string[]): string {
  return words
    .map(
      (word) =>
        `"${word
          .replaceAll(/["\\]/g, String.raw`\$&`)
          .replaceAll('%', '%%')
          .replaceAll('$', '$$$$')}"`,
    )
    .join(' ')
}

function stateBelowLib(state: string): { readonly path: string; readonly name: string } {
  const [, name] = /^\/var\/lib\/([A-Za-z0-9_.-]+)$/.exec(state) ?? []
  if (name !== undefined) return { path: state, name }
  throw new AppError('usage', `"${state}" does not lie in /var/lib, where systemd keeps state`, {
    hint: 'leave out --state, or write a unit of your own',
  })
}
