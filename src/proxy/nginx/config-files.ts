import { readdirSync } from 'node:fs'
import { join } from 'node:path'

import { AppError, errnoOf } from '../../errors/index.ts'
import { makeDirectory, readIfPresent, removeFile, replaceFile } from '../../system/index.ts'
import type { ProxyPlace, ProxySettings } from '../proxy-settings.ts'
import { testConfig } from './nginx-program.ts'
import type { AppConfig } from './render-app.ts'

/** The files of this host's nginx that are ours: one per app. */
export interface ConfigFiles extends ProxyPlace {
  readonly settings: ProxySettings
}

/** What stands on the disk and what should: text, or undefined for no file. */
export interface FileChange {
  readonly owner: string
  readonly before: string | undefined
  readonly after: string | undefined
}

/** The files that differ from what they should be. */
export function findChanges(
  files: ConfigFiles,
  wanted: ReadonlyMap<string, AppConfig>,
): FileChange[] {
  const owners = new Set([...wanted.keys(), ...presentOwners(files)])
  return [...owners]
    .map((owner) => ({
      owner,
      before: readIfPresent(configPath(files, owner))?.toString('utf8'),
      after: wanted.get(owner)?.text,
    }))
    .filter(({ before, after }) => before !== after)
}

/**
 * Tests one app's new file with nginx, alone, so that nobody else's fault is blamed on it.
 * @throws AppError `proxy-failed` with what nginx says; nothing was replaced.
 */
export async function validateAlone(files: ConfigFiles, change: FileChange): Promise<void> {
  if (change.after === undefined) return
  const directory = join(files.root, 'proxy', 'nginx', 'test')
  makeDirectory(directory)
  makeDirectory(join(files.root, 'log'))
  const staged = join(directory, `${change.owner}.staged`)
  const main = join(directory, `${change.owner}.main`)
  replaceFile(staged, change.after, { mode: 0o644 })
  replaceFile(main, renderAlone(directory, staged), { mode: 0o644 })
  const complaint = await testConfig(files.settings.nginx, main, directory)
  if (complaint === undefined) return
  throw new AppError(
    'proxy-failed',
    `nginx refuses the new file of ${change.owner}: ${complaint}`,
    {
      hint: 'nothing was replaced; correct the endpoints in sluice.yaml',
      output: complaint,
    },
  )
}

/** Puts the changed files in place and keeps what they replace as the last good ones. */
export function installChanges(files: ConfigFiles, changes: readonly FileChange[]): void {
  makeDirectory(join(files.root, 'proxy', 'nginx'))
  for (const { owner, before, after } of changes) {
    if (before !== undefined) replaceFile(goodPath(files, owner), before, { mode: 0o644 })
    write(configPath(files, owner), after)
  }
}

export function restoreChanges(files: ConfigFiles, changes: readonly FileChange[]): void {
  for (const { owner, before } of changes) write(configPath(files, owner), before)
}

function write(path: string, text: string | undefined): void {
  if (text === undefined) removeFile(path)
  else replaceFile(path, text, { mode: 0o644 })
}

function presentOwners(files: ConfigFiles): string[] {
  try {
    return readdirSync(files.settings.nginx.configDirectory).flatMap((name) => {
      const owner = /^sluice-(.+)\.conf$/.exec(name)?.[1]
      return owner === undefined ? [] : [owner]
    })
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
    throw new AppError(
      'driver-unavailable',
      `${files.settings.nginx.configDirectory} does not exist`,
      { hint: 'set proxy.nginx.configDirectory to a directory that nginx includes' },
    )
  }
}

function renderAlone(directory: string, staged: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  const paths = temporary.map((name) => `${name}_temp_path ${directory}/${name};`)
  return `pid ${directory}/nginx.pid;
error_log stderr;
events {}
http {
  access_log off;
  ${paths.join('\n  ')}
  include ${staged};
}
`
}

function configPath(files: ConfigFiles, owner: string): string {
  return join(files.settings.nginx.configDirectory, `sluice-${owner}.conf`)
}

function goodPath(files: ConfigFiles, owner: string): string {
  return join(files.root, 'proxy', 'nginx', `${owner}.good`)
}
