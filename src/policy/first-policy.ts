import { dirname } from 'node:path'

import { isName } from '../config/index.ts'
import { AppError } from '../errors/index.ts'
import { createFile, makeDirectory } from '../system/index.ts'

/** Where `sluice host serve` looks for what servers may want here. */
export const policyPath = '/etc/sluice/policy.yaml'

/**
 * Writes a policy that allows these apps and nothing else. Answers false, and changes nothing, when there is a policy: what is
 * allowed on a host, somebody on this host decides.
 * @throws AppError `usage`.
 */
export function writeFirstPolicy(path: string, apps: readonly string[]): boolean {
  for (const app of apps) {
    if (!isName(app, 32)) throw new AppError('usage', `${JSON.stringify(app)} is no name of an app`)
  }
  makeDirectory(dirname(path), 0o755)
  return createFile(path, textFor(apps), 0o644)
}

function textFor(apps: readonly string[]): string {
  return `# What a control server may want of this host; all else is refused and reported.
# signing: { keys: [/etc/sluice/release.pub] }   # then only releases that this key has signed
apps:
${apps.map((app) => `  ${app}: {}\n`).join('')}`
}
