import { AppError } from '../../../errors/index.ts'
import { isDirectory, removeFile, removeTree, replaceFile } from '../../../system/index.ts'
import { proxyMode, scope, type Camus2 } from '../camus2.ts'
import { deployDirectory, ownPaths, proxyDirectory } from '../deploys-directory.ts'
import { reloadProxy } from '../frontend-proxy/docker.ts'
import { writeProxyFiles } from '../frontend-proxy/write-proxy-files.ts'
import { fetchContext } from '../release/context-sources.ts'
import { readReleaseConfig } from '../release/release-config.ts'
import { portsOf } from '../release/template-context.ts'
import { unpackRelease } from '../release/unpack-release.ts'
import { runReleaseCommand } from '../run-user-command.ts'
import type { Deploy } from '../state.ts'
import type { Action, LiveEndPoint } from './actions.ts'

/** Does one action; `record` writes its effect to state.json and is called when it is done. */
export async function executeAction(
  camus2: Camus2,
  action: Action,
  record: () => void,
): Promise<void> {
  if (action.type === 'set-endpoints') return await setEndPoints(camus2, action.live, record)
  if (action.type === 'create-deploy') await createDeploy(camus2, action.deploy)
  else await destroyDeploy(camus2, action.deploy)
  record()
}

/** Makes the proxy serve exactly these endpoints. */
export async function setEndPoints(
  camus2: Camus2,
  live: readonly LiveEndPoint[],
  record: () => void,
): Promise<void> {
  const inner = scope(camus2, 'execute SetEndPoints')
  const { proxyUnsure } = ownPaths(camus2.config)
  replaceFile(proxyUnsure, '')
  scope(inner, 'writing proxy config files')
  writeProxyFiles(camus2.config, proxyMode(camus2), live)
  await reloadProxy(inner, proxyDirectory(camus2.config))
  record()
  removeFile(proxyUnsure)
}

async function createDeploy(camus2: Camus2, deploy: Deploy): Promise<void> {
  const inner = scope(camus2, 'execute CreateDeploy')
  const directory = deployDirectory(camus2.config, deploy.label)
  await fetchContext(inner, false)
  await unpackRelease(inner, {
    release: deploy.release,
    directory,
    staging: ownPaths(camus2.config).staging,
    ports: portsOf(deploy.port, proxyMode(camus2)),
  })
  const { prestartCommand, startCommand } = readReleaseConfig(directory)
  await runScript(scope(inner, 'running prestart script'), prestartCommand, directory)
  await runScript(scope(inner, 'running start script'), startCommand, directory)
}

async function destroyDeploy(camus2: Camus2, deploy: Deploy): Promise<void> {
  const inner = scope(camus2, 'execute DestroyDeploy')
  const directory = deployDirectory(camus2.config, deploy.label)
  if (!isDirectory(directory)) {
    inner.log.info(`Warning: ${directory} does not exist, taking the deploy as destroyed`)
    return
  }
  const { stopCommand } = readForStop(directory)
  await runScript(scope(inner, 'running stop script'), stopCommand, directory)
  scope(inner, 'removing directory')
  removeTree(directory)
}

async function runScript(camus2: Camus2, command: string, directory: string): Promise<void> {
  scope(camus2, `Running: ${command}`)
  await runReleaseCommand(command, directory)
}

function readForStop(directory: string): ReturnType<typeof readReleaseConfig> {
  try {
    return readReleaseConfig(directory)
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'manifest-missing') throw error
    throw new AppError(
      'manifest-missing',
      `${error.message}, so nothing says how to stop the deploy`,
      {
        hint: `stop it by hand and remove ${directory}`,
      },
    )
  }
}
