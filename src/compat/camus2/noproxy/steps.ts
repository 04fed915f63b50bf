import { resolve } from 'node:path'

import type { Step } from '../../../steps/index.ts'
import { isDirectory, removeFile, swapLink } from '../../../system/index.ts'
import { scope, type Camus2 } from '../camus2.ts'
import { currentLink, deployDirectory, ownPaths } from '../deploys-directory.ts'
import type { DeedContext } from '../journal.ts'
import { fetchContext } from '../release/context-sources.ts'
import { readReleaseConfig } from '../release/release-config.ts'
import { unpackRelease } from '../release/unpack-release.ts'
import { runReleaseCommand } from '../run-user-command.ts'

type DeedStep = Step<DeedContext>

/** What `start` does without a proxy: the new release is unpacked before the old one stops, and linked before it starts. */
export function startSteps(camus2: Camus2, release: string, label: string): DeedStep[] {
  const directory = deployDirectory(camus2.config, label)
  const link = currentLink(camus2.config)
  return [
    step('fetch-context', () => fetchContext(camus2, false)),
    step('unpack', () => unpackHere(camus2, release, directory)),
    step('prestart', async () => {
      scope(camus2, 'Running prestart script')
      await runReleaseCommand(readReleaseConfig(directory).prestartCommand, directory)
    }),
    step('stop-current', () => stopCurrent(camus2, 'Stopping existing release')),
    step('switch-link', async () => {
      scope(camus2, 'Symlinking new release')
      swapLink(resolve(directory), link)
    }),
    step('start', async () => {
      scope(camus2, 'Starting new release')
      await runReleaseCommand(readReleaseConfig(link).startCommand, link)
    }),
  ]
}

/** What `stop` does without a proxy, whatever label it was given. */
export function stopSteps(camus2: Camus2, label: string): DeedStep[] {
  const link = currentLink(camus2.config)
  const runs = isDirectory(link)
  return [
    step('stop-current', () => stopCurrent(camus2, `Stopping active deployment ${label}`, true)),
    step('remove-link', async () => {
      scope(camus2, 'Removing Symlink for deployment')
      if (runs) removeFile(link)
    }),
  ]
}

/** Runs the stop command of what `current` points to; a dangling or missing link is nothing to stop. */
async function stopCurrent(camus2: Camus2, text: string, alwaysLogged = false): Promise<void> {
  const link = currentLink(camus2.config)
  const runs = isDirectory(link)
  if (runs || alwaysLogged) scope(camus2, text)
  if (runs) await runReleaseCommand(readReleaseConfig(link).stopCommand, link)
}

async function unpackHere(camus2: Camus2, release: string, directory: string): Promise<void> {
  const { staging } = ownPaths(camus2.config)
  await unpackRelease(camus2, { release, directory, staging })
}

function step(name: string, work: () => Promise<void>): DeedStep {
  return {
    name,
    run: async () => {
      await work()
      return {}
    },
  }
}
