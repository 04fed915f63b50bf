import { AppError } from '../../errors/index.ts'
import { quoteUnitWord, unitSandbox } from '../../system/index.ts'

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
ExecStart=${[...command, 'agent', '--state', state].map(quoteUnitWord).join(' ')}
User=${user}
Restart=always
RestartSec=1
RestartPreventExitStatus=4
StateDirectory=${directory.name}
StateDirectoryMode=0700
${[...unitSandbox, 'TasksMax=64', 'MemoryMax=512M'].join('\n')}

[Install]
WantedBy=multi-user.target
`
}

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
ExecStart=${[...command, 'host', 'serve', '--group', user].map(quoteUnitWord).join(' ')}
Restart=always
RestartSec=1
KillMode=process

[Install]
WantedBy=multi-user.target
`
}

function stateBelowLib(state: string): { readonly path: string; readonly name: string } {
  const [, name] = /^\/var\/lib\/([A-Za-z0-9_.-]+)$/.exec(state) ?? []
  if (name !== undefined) return { path: state, name }
  throw new AppError('usage', `"${state}" does not lie in /var/lib, where systemd keeps state`, {
    hint: 'leave out --state, or write a unit of your own',
  })
}
