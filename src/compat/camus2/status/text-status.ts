import type { EndPoint, ProxyModeConfig } from '../config/tool-config.ts'
import type { Deploy, State } from '../state.ts'

/** `status` for people, byte for byte as Camus2 prints it. Local state knows no slaves, only their header. */
export function textStatus(proxy: ProxyModeConfig, state: State, showSlaves: boolean): string {
  const endPoints = Array.from(proxy.endPoints, ([label, endPoint]) => {
    const connected = state.connections.get(label) ?? '(not connected)'
    return `  ${label}: (${serverNames(endPoint)}) -> ${connected}`
  })
  const lines = [
    header('MASTER'),
    'Endpoints:',
    ...endPoints,
    '',
    'Deploys:',
    ...Array.from(state.deploys.values(), deployLine),
    ...(showSlaves ? [header('SLAVES')] : []),
  ]
  return `${lines.join('\n')}\n`
}

function serverNames({ serverNames: names, etype }: EndPoint): string {
  const ports = etype.type === 'httpOnly' ? '80' : '80,443'
  return names.map((name) => `${name}:${ports}`).join(', ')
}

function deployLine({ label, release, port }: Deploy): string {
  const name = label === release ? label : `${label} (${release})`
  return `  ${name}: (localhost:${port})`
}

function header(title: string): string {
  return `${'-'.repeat(21)}${title}${'-'.repeat(43)}`
}
