import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

import { imageName } from '../../scripts/docker-images.ts'
import { processName, run, socketHolder, tcpListenerInodes } from '../../src/system/index.ts'
import { afterwards } from './afterwards.ts'
import { createCamus2Machine, proxyMode, type Camus2Machine } from './camus2-machine.ts'
import { composeCommand, docker, imageOrSkip, removeContainer } from './docker.ts'
import { claimPortBlock } from './port-block.ts'

/** A machine with the built c2 and the real Docker engine, which has the images it needs. */
export interface DockerCamus2 {
  readonly machine: Camus2Machine
  /** The first of 40 free ports; the deploys get the first eight. */
  readonly firstPort: number
  /** Writes the configuration of proxy mode with these endpoints. */
  readonly configureProxy: (endPoints: Settings, more?: Settings) => void
  /** Puts a release into the store that serves `files` by Compose, in proxy mode on the deploy's port. */
  readonly website: (name: string, files: Readonly<Record<string, string>>, more?: Website) => void
}

type Settings = Readonly<Record<string, unknown>>

interface Website {
  /** What Compose publishes; the deploy's own port unless given. */
  readonly port?: string
  readonly templates?: readonly string[]
  readonly configSources?: Readonly<Record<string, string>>
}

/** Where Camus2's proxy listens, whatever the configuration. */
const proxyContainer = 'frontendproxy'
const serverImage = imageName('httpd')
const proxyImage = imageName('nginx')

export async function createDockerCamus2(t: TestContext): Promise<DockerCamus2 | undefined> {
  for (const image of ['httpd', 'nginx'] as const) {
    if ((await imageOrSkip(t, image)) === undefined) return undefined
  }
  const machine = createCamus2Machine(t)
  // The machine's tools hold a fake docker.
  machine.env['PATH'] = process.env['PATH'] ?? ''
  const ports = await claimPortBlock()
  const compose = await composeCommand()
  afterwards(t, () => ports.release())
  afterwards(t, () => removeComposeProjects(machine.root))
  const { first } = ports
  return {
    machine,
    firstPort: first,
    configureProxy: (endPoints, more) => {
      const dynamicPortRange = { v1: first, v2: first + 8 }
      const nginx = { nginxDockerImage: proxyImage.name, nginxDockerVersion: proxyImage.tag }
      machine.configure({ ...nginx, ...proxyMode({ endPoints, dynamicPortRange }), ...more })
    },
    website: (name, files, { port = '{{ports.http}}', templates = [], configSources } = {}) => {
      const scripts = {
        templates: ['docker-compose.yml.tpl', ...templates],
        startCommand: `${compose} up -d`,
        stopCommand: `${compose} down --timeout 0`,
        ...(configSources === undefined ? {} : { configSources }),
      }
      machine.release(name, scripts, { 'docker-compose.yml.tpl': composeFile(port), ...files })
    },
  }
}

function composeFile(port: string): string {
  return `version: '3'
services:
  web:
    image: ${serverImage.name}:${serverImage.tag}
    ports: ["127.0.0.1:${port}:80"]
    volumes: ["./www:/srv/www:ro"]
    stop_signal: SIGKILL
`
}

/** The proxy's ports belong to the whole machine: whoever has them is named, only a left container of ours is removed. */
export async function takeProxyPorts(t: Pick<TestContext, 'after'>): Promise<void> {
  const words = ['container', 'inspect', '--format={{.Config.Image}}', proxyContainer]
  const present = await run(['docker', ...words])
  const image = present.stdout.trim()
  if (present.status === 0 && !image.startsWith('sluice-test/')) {
    throw new Error(`there is a container ${proxyContainer} of the image ${image} already`)
  }
  await removeContainer(proxyContainer)
  afterwards(t, () => removeContainer(proxyContainer))
  for (const port of [80, 443]) {
    const inodes = tcpListenerInodes(port)
    if (inodes.length === 0) continue
    const pid = socketHolder(inodes) ?? 0
    throw new Error(`port ${port} is taken by ${processName(pid) ?? 'a process'} (process ${pid})`)
  }
}

/** A file as the proxy's container sees it. */
export function readInProxy(path: string): Promise<string> {
  return docker('exec', proxyContainer, 'cat', path)
}

export function nginxTest(): Promise<string> {
  return docker('exec', proxyContainer, 'nginx', '-t')
}

/** What Docker says of the proxy's container, or undefined when it does not run. */
export async function proxyStartedAt(): Promise<string | undefined> {
  const format = '--format={{if .State.Running}}{{.State.StartedAt}}{{end}}'
  const { stdout } = await run(['docker', 'container', 'inspect', format, proxyContainer])
  return stdout.trim() || undefined
}

/** Removes what Compose made for files below `root`, also when the test failed half-way. */
async function removeComposeProjects(root: string): Promise<void> {
  const label = 'com.docker.compose.project'
  const format = `{{.ID}}\t{{.Label "${label}"}}\t{{.Label "${label}.working_dir"}}`
  const list = await docker('ps', '--all', '--no-trunc', `--format=${format}`)
  for (const line of list.split('\n').filter(Boolean)) {
    const [id = '', project = '', directory = ''] = line.split('\t')
    if (!`${directory}/`.startsWith(`${root}/`)) continue
    await removeContainer(id)
    await run(['docker', 'network', 'prune', '--force', `--filter=label=${label}=${project}`])
  }
}

export function nginxConf({ deploys }: Camus2Machine): string {
  return readFileSync(join(deploys, 'frontend-proxy/nginx.conf'), 'utf8')
}
