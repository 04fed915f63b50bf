import type { AppStatus, DeployStatus, EndpointStatus, HostStatus } from '../../protocol/index.ts'
import { formatAge, formatDuration, formatTable, type Style } from '../../terminal/index.ts'
import { releaseName, shortDigest, stateWord } from './words.ts'

/** The state of a host for a person: what serves, what differs from what was deployed, what is owed. */
export function renderStatus(status: HostStatus, style: Style): string {
  const { color } = style
  const { driver, mode, problems } = status.proxy
  const head = [
    `${color.bold(status.host)}  ${color.dim(`${status.root}, proxy ${driver} in mode ${mode}`)}`,
    ...problems.map((problem) => `${color.red('proxy:')} ${problem}`),
  ].join('\n')
  const apps = status.apps.map((app) => renderApp(app, style))
  const empty =
    status.apps.length === 0 ? ['no apps yet; `sluice deploy RELEASE` brings the first'] : []
  return [head, ...apps, ...empty, renderEndpoints(status.endpoints, style)]
    .filter((part) => part !== '')
    .join('\n\n')
}

/** The endpoints and where they lead. */
export function renderEndpoints(endpoints: readonly EndpointStatus[], style: Style): string {
  if (endpoints.length === 0) return style.color.dim('no endpoints here yet')
  const rows = endpoints.map((endpoint) => [
    endpoint.name,
    endpoint.deploy ?? style.color.dim('not connected'),
    describeProbe(endpoint, style),
    `${endpoint.tls ? 'https' : 'http'} ${endpoint.serverNames.join(', ') || 'every host'}`,
  ])
  return formatTable({ columns: ['endpoint', 'deploy', 'answer', 'server names'], rows }, style)
}

function renderApp(app: AppStatus, style: Style): string {
  const { color } = style
  return [
    `${color.bold(app.app)}  ${describeBinding(app, style)}`,
    ...troubles(app, style),
    ...(app.deploys.length === 0 ? [] : [deployTable(app.deploys, style)]),
    ...app.deploys.flatMap((deploy) => driftLines(deploy, style)),
    ...quarantineLines(app, style),
  ].join('\n')
}

function describeBinding({ binding }: AppStatus, { color, now }: Style): string {
  if (binding === undefined) return color.dim('nothing is bound')
  return `${releaseName(binding.release)} ${color.dim(`since ${formatAge(binding.at, now)} (${binding.deployment})`)}`
}

function troubles({ app, unfinished, lockedBy, hold }: AppStatus, style: Style): string[] {
  const { color } = style
  const held =
    hold === undefined
      ? []
      : [
          `  ${color.yellow('held:')} by ${hold.by}, ${formatAge(hold.at, style.now)} (${hold.deployment}): the server leaves it alone; ` +
            `\`sluice release-hold ${app}\` ends that`,
        ]
  const owed =
    unfinished === undefined
      ? []
      : [
          `  ${color.yellow('unfinished:')} deployment ${unfinished}; next: sluice resume ${unfinished}`,
        ]
  const all = [...held, ...owed]
  return lockedBy === undefined ? all : [...all, `  ${color.yellow('at work:')} ${lockedBy}`]
}

function deployTable(deploys: readonly DeployStatus[], style: Style): string {
  const rows = deploys.map((deploy) => [
    deploy.current ? style.color.green(style.marks.arrow) : '',
    deploy.label,
    stateWord(deploy.state, style),
    deploy.release.version,
    deploy.port === undefined ? (deploy.socket === undefined ? '' : 'socket') : `:${deploy.port}`,
    deploy.endpoints.join(', '),
    remarks(deploy),
  ])
  const columns = ['', 'deploy', 'state', 'version', 'listens', 'endpoints', '']
  return formatTable({ columns, rows, indent: '  ' }, style)
}

function remarks({ pinned, restarts, driver, pid }: DeployStatus): string {
  return [
    driver,
    ...(pid === undefined ? [] : [`pid ${pid}`]),
    ...(pinned ? ['pinned'] : []),
    ...(restarts === undefined || restarts === 0 ? [] : [`${restarts} restarts`]),
  ].join(', ')
}

function driftLines({ label, drift }: DeployStatus, { color }: Style): string[] {
  return drift.map(
    ({ file, difference }) => `  ${color.yellow('drift:')} ${label}: ${file} is ${difference}`,
  )
}

function quarantineLines({ app, quarantine }: AppStatus, { color, now }: Style): string[] {
  return quarantine.map(
    ({ name, version, digest, reason, by, at }) =>
      `  ${color.red('quarantined:')} ${name} ${version} (sha256:${shortDigest(digest)}) by ${by}, ` +
      `${formatAge(at, now)}: ${reason}; \`sluice lift ${name}@${version} --app ${app} --reason …\` allows it`,
  )
}

function describeProbe({ probe, generation, deploy }: EndpointStatus, { color }: Style): string {
  if (probe === undefined) return color.dim('not asked')
  const time = color.dim(formatDuration(probe.milliseconds))
  if (probe.status === undefined) return color.red('no answer')
  if (probe.generation !== generation) {
    return color.red(`generation ${probe.generation ?? 'unknown'} instead of ${generation}`)
  }
  const good = probe.status < 500 || deploy === undefined
  return `${good ? color.green(probe.status) : color.red(probe.status)} ${time}`
}
