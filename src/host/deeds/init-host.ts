import { dirname, resolve } from 'node:path'

import { AppError } from '../../errors/index.ts'
import { makeDirectory, pathExists, replaceFile } from '../../system/index.ts'

export interface InitWish {
  /** Where sluice keeps everything; becomes `root`. */
  readonly directory: string
  /** The configuration file to write. */
  readonly config: string
  readonly force: boolean
}

/** Writes a commented sluice.yaml and makes the directories it names. @throws AppError `usage` when the file is there already. */
export async function initHost(wish: InitWish): Promise<{ readonly created: readonly string[] }> {
  const config = resolve(wish.config)
  const root = resolve(wish.directory)
  if (pathExists(config) && !wish.force) {
    throw new AppError('usage', `${config} exists already`, {
      hint: 'edit it, or give --force to replace it',
    })
  }
  const wanted = [dirname(config), root, `${root}/store`, `${root}/apps`]
  const created = wanted.filter((path) => !pathExists(path))
  for (const path of created) makeDirectory(path)
  replaceFile(config, settingsTemplate(root), { mode: 0o644 })
  return { created: [config, ...created] }
}

/** Root's default run directory is emptied by a reboot; others keep theirs beside the rest. */
function settingsTemplate(root: string): string {
  const isSystem = process.getuid?.() === 0 && root === '/opt/sluice'
  const [rootText, runText, storeText] = [
    root,
    isSystem ? '/run/sluice' : `${root}/run`,
    `${root}/store`,
  ].map(yamlText)
  return `# sluice.yaml: how sluice works on this host. Every key is optional; docs/use/configuration.md has them all.
root: ${rootText}
runDir: ${runText}

# Where releases come from: a directory (filled by \`sluice publish\`) or an http(s) URL.
store: ${storeText}

# Ports that deploys may get, both included.
ports: { from: 8000, to: 8099 }

# What stands in front. \`embedded\` is sluice's own proxy; \`nginx\` uses the one that is installed.
proxy:
  driver: embedded
  http: { address: 0.0.0.0, port: ${process.getuid?.() === 0 ? 80 : 8080} }

# The public entries. An endpoint without serverNames answers every host name.
endpoints:
  main: {}
  # shop:
  #   app: shop
  #   serverNames: [shop.example.org]
  #   tls: { certificate: /etc/ssl/shop.pem, key: /etc/ssl/shop.key }

# JSON or YAML files that templates see under these names.
configSources: {}

retention: { keep: 5, diskFloor: 1GiB }
`
}

/** A path as YAML; JSON's strings are YAML's. */
function yamlText(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : JSON.stringify(path)
}
