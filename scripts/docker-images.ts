import { createHash } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'

import { makeDirectory, run, runOrFail } from '../src/system/index.ts'
import { cacheFolder, taking } from './project.ts'
import { ensureTool } from './tools.ts'

/** What a container of each image runs: all share one Debian, made here because no registry can be reached. */
const programs = {
  systemd: ['/lib/systemd/systemd'],
  nginx: ['nginx', '-g', 'daemon off;'],
  httpd: ['busybox', 'httpd', '-f', '-p', '80', '-h', '/srv/www'],
} as const satisfies Record<string, readonly string[]>

export type TestImage = keyof typeof programs

const packages = ['systemd-sysv', 'dbus', 'nginx', 'busybox', 'libstdc++6']

const finish = [
  // The account that Camus2's nginx.conf names; Debian's nginx has another one.
  'chroot "$1" useradd --system --no-create-home nginx',
  'chroot "$1" systemctl disable nginx.service',
  'rm -rf "$1/usr/share/doc" "$1/usr/share/man" "$1/usr/share/locale"',
]

/** The tag names the recipe: with a new one, images of the old one are left alone. */
const recipe = createHash('sha256')
  .update(JSON.stringify({ programs, packages, finish }))
  .digest('hex')
  .slice(0, 12)

/** An image's name and tag, apart from each other as Camus2's configuration has them. */
export function imageName(image: TestImage): { readonly name: string; readonly tag: string } {
  return { name: `sluice-test/${image}`, tag: recipe }
}

/**
 * Makes an image unless the engine has it, in half a minute; answers its reference.
 * @throws AppError when mmdebstrap or Debian's packages cannot be had, or the engine fails.
 */
export async function ensureImage(image: TestImage): Promise<string> {
  const reference = referenceOf(image)
  if (await exists(reference)) return reference
  await taking('docker-images', async () => {
    if (!(await exists(referenceOf('systemd')))) await importDebian()
    if (!(await exists(reference))) await deriveImage(image)
  })
  return reference
}

function referenceOf(image: TestImage): string {
  const { name, tag } = imageName(image)
  return `${name}:${tag}`
}

async function exists(reference: string): Promise<boolean> {
  return (await run(['docker', 'image', 'inspect', reference])).status === 0
}

async function importDebian(): Promise<void> {
  const archive = join(cacheFolder, `debian.${process.pid}.tar`)
  makeDirectory(cacheFolder)
  const options = ['--quiet', '--variant=essential', '--dpkgopt=force-unsafe-io']
  const hooks = finish.map((line) => `--customize-hook=${line}`)
  const include = `--include=${packages.join(',')}`
  try {
    await runOrFail(
      [await ensureTool('mmdebstrap'), ...options, include, ...hooks, 'bookworm', archive],
      { timeout: 180_000 },
    )
    const words = ['docker', 'import', '--change', commandOf('systemd'), archive]
    await runOrFail([...words, referenceOf('systemd')], { timeout: 120_000 })
  } finally {
    rmSync(archive, { force: true })
  }
}

/** The same files with another program: a commit of a container that never ran. */
async function deriveImage(image: TestImage): Promise<void> {
  const container = (await runOrFail(['docker', 'create', referenceOf('systemd')])).trim()
  try {
    const words = ['docker', 'commit', '--change', commandOf(image), container]
    await runOrFail([...words, referenceOf(image)], { timeout: 60_000 })
  } finally {
    await run(['docker', 'rm', container])
  }
}

function commandOf(image: TestImage): string {
  return `CMD ${JSON.stringify(programs[image])}`
}
