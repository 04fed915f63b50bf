import { copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { packRelease } from '../../src/release/index.ts'
import { childEnvironment, pidsWithVariable, run, sendSignal } from '../../src/system/index.ts'
import { claimPortBlock } from '../../test/support/port-block.ts'
import { inProject } from '../project.ts'

/** Carried by the demo's keeper and proxy, so that its end finds them. */
const marker = 'SLUICE_DEMO'

/** A host of its own in a temporary folder. */
export interface Playground {
  readonly folder: string
  readonly config: string
  /** Where its proxy listens. */
  readonly port: number
  /** Runs the built program; answers its exit status and the object it printed. */
  sluice(
    ...words: readonly string[]
  ): Promise<{ status: number | null; answer: Record<string, unknown> }>
  release(version: string, app?: Readonly<Record<string, unknown>>): Promise<string>
  /** Ends what runs and removes the folder. */
  clear(): Promise<void>
}

export async function createPlayground(program: string): Promise<Playground> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sluice-demo-')))
  const { last: port } = await claimPortBlock()
  const config = join(folder, 'sluice.yaml')
  writeFileSync(config, settings(folder, port))
  const environment = childEnvironment({ SLUICE_CONFIG: config, [marker]: folder })
  const sluice: Playground['sluice'] = async (...words) => {
    const { status, stdout } = await run([program, ...words, '--json'], {
      cwd: folder,
      env: environment,
    })
    return { status, answer: JSON.parse(stdout || '{}') as Record<string, unknown> }
  }
  return {
    folder,
    config,
    port,
    sluice,
    release: (version, app) => makeRelease(folder, version, app),
    clear: async () => {
      await sluice('disconnect', 'main')
      const { answer } = await sluice('status')
      const [shop] = (answer['apps'] ?? []) as { deploys: { label: string }[] }[]
      for (const { label } of shop?.deploys ?? []) await sluice('stop', label)
      for (const pid of pidsWithVariable(marker, folder)) sendSignal(pid, 'SIGTERM')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function settings(folder: string, port: number): string {
  return `root: ${folder}/root
runDir: ${folder}/run
driver: supervised
ports: { from: ${port - 39}, to: ${port - 1} }
proxy: { http: { address: 127.0.0.1, port: ${port} } }
endpoints: { main: { app: shop } }
bake: { for: 500ms, interval: 50ms, failures: 3 }
retention: { diskFloor: 64MiB }
`
}

async function makeRelease(
  folder: string,
  version: string,
  app: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const directory = join(folder, `shop-${version}`)
  mkdirSync(directory)
  const manifest = {
    name: 'shop',
    version,
    service: { command: `exec '${process.execPath}' app.mjs` },
    check: { type: 'http', path: '/health', interval: '20ms', successes: 2, within: '20s' },
  }
  writeFileSync(join(directory, 'release.json'), JSON.stringify(manifest, undefined, 2))
  writeFileSync(join(directory, 'app.json'), JSON.stringify({ version, ...app }))
  copyFileSync(inProject('scripts', 'demo', 'app.mjs'), join(directory, 'app.mjs'))
  const archive = join(folder, `shop-${version}.tar.gz`)
  await packRelease(directory, { to: archive, format: 'tar.gz' })
  return archive
}
