import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { packRelease } from '../../src/release/index.ts'

const program = new URL('./programs/sample-app.mjs', import.meta.url).pathname

/** What a sample release is and how its app behaves. */
export interface SampleRelease {
  readonly name?: string
  readonly version: string
  /** Merged into release.json. */
  readonly manifest?: Readonly<Record<string, unknown>>
  /** Merged into the app's settings: healthy, sickWhile (a file exists), startDelay, exits. */
  readonly app?: Readonly<Record<string, unknown>>
  /** More files by path. */
  readonly files?: Readonly<Record<string, string>>
}

/** Packs a release of a small web application into `folder` and answers the archive's path. */
export async function packSampleRelease(folder: string, sample: SampleRelease): Promise<string> {
  const { name = 'shop', version } = sample
  const directory = join(folder, `${name}-${version}`)
  writeTree(directory, {
    'release.json': JSON.stringify(
      { ...sampleManifest(name, version), ...sample.manifest },
      undefined,
      2,
    ),
    'app.json': JSON.stringify({ version, ...sample.app }),
    ...sample.files,
  })
  copyFileSync(program, join(directory, 'app.mjs'))
  const archive = join(folder, `${name}-${version}.tar.gz`)
  await packRelease(directory, { to: archive, format: 'tar.gz' })
  return archive
}

/** The app starts with this very Node, because a release's PATH is fixed. */
function sampleManifest(name: string, version: string): Record<string, unknown> {
  return {
    name,
    version,
    service: { command: `exec '${process.execPath}' app.mjs`, grace: '3s' },
    listen: 'either',
    check: {
      type: 'http',
      path: '/',
      interval: '10ms',
      timeout: '2s',
      successes: 2,
      within: '15s',
    },
    drain: { timeout: '2s' },
  }
}

function writeTree(directory: string, files: Readonly<Record<string, string>>): void {
  for (const [path, content] of Object.entries(files)) {
    const file = join(directory, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, content)
  }
}
