import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

import { childEnvironment, run } from '../../../system/index.ts'
import { scope, type Camus2 } from '../camus2.ts'
import { runProgram, showCommand } from '../run-user-command.ts'

const container = 'frontendproxy'

/** Starts the proxy's container if it does not run, and makes its nginx read the configuration again. */
export async function reloadProxy(camus2: Camus2, directory: string): Promise<void> {
  const existed = await containerExists()
  await runLogged(camus2, [...(await composeCommand()), 'up', '-d'], directory)
  try {
    await runLogged(camus2, ['docker', 'kill', '--signal=SIGHUP', container], directory)
  } catch (error) {
    // A new container may still be on its way to nginx; it reads the configuration when it gets there.
    if (existed) throw error
    camus2.log.info('the container was only just created: its reload signal is not needed')
  }
}

export async function stopProxy(camus2: Camus2, directory: string): Promise<void> {
  await runLogged(camus2, [...(await composeCommand()), 'kill'], directory)
}

/** Runs a program and logs it first, as Camus2 does. */
export async function runLogged(
  camus2: Camus2,
  argv: readonly string[],
  directory: string,
): Promise<void> {
  scope(camus2, `Running: ${showCommand(argv)}`)
  await runProgram(argv, directory)
}

/** Compose as docker's plugin; the stand-alone program only where there is no plugin. */
async function composeCommand(): Promise<readonly string[]> {
  const plugin = ['docker', 'compose']
  const { status } = await run([...plugin, 'version'])
  return status === 0 || !isOnPath('docker-compose') ? plugin : ['docker-compose']
}

async function containerExists(): Promise<boolean> {
  return (await run(['docker', 'inspect', '--type=container', container])).status === 0
}

function isOnPath(program: string): boolean {
  const directories = (childEnvironment()['PATH'] ?? '').split(delimiter)
  return directories.some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
