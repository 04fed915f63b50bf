import type { HostStatus } from '../protocol/index.ts'
import type { CliContext } from './context.ts'

// Live names for the shell. They read what is on disk; nothing is probed and no lock is taken.

export async function appNames(context: CliContext): Promise<string[]> {
  return (await readStatus(context)).apps.map(({ app }) => app)
}

export async function deployNames(context: CliContext): Promise<string[]> {
  const { apps } = await readStatus(context)
  return apps.flatMap(({ app, deploys }) =>
    deploys.flatMap(({ label }) => [label, `${app}/${label}`]),
  )
}

export async function endpointNames(context: CliContext): Promise<string[]> {
  return (await readStatus(context)).endpoints.map(({ name }) => name)
}

export async function quarantinedNames(context: CliContext): Promise<string[]> {
  const { apps } = await readStatus(context)
  return apps.flatMap(({ quarantine }) =>
    quarantine.map(({ name, version }) => `${name}@${version}`),
  )
}

export async function deploymentIds(context: CliContext): Promise<string[]> {
  const host = await context.host()
  return host.listDeployments({ limit: 50 }).map(({ deployment }) => deployment)
}

export async function releaseNames(context: CliContext): Promise<string[]> {
  const { openSettingsStore } = await import('./open-settings-store.ts')
  const releases = await (await openSettingsStore(context)).list()
  return releases.map(({ name, version }) => `${name}@${version}`)
}

async function readStatus(context: CliContext): Promise<HostStatus> {
  return await (await context.host()).readHostStatus({ probe: false, drift: false })
}
