import type { TestContext } from 'node:test'

import { ensureImage, type TestImage } from '../../scripts/docker-images.ts'
import { toAppError } from '../../src/errors/index.ts'
import { identify, run, runOrFail } from '../../src/system/index.ts'
import { mayUseDocker } from './tools.ts'

const label = 'org.sluice.test.pid'

/** On every container that a test makes by itself, so that what a killed test left is found. */
export const containerLabel = `${label}=${process.pid}`

/** The image's reference; where there is no engine, or the image cannot be made, the test is marked as skipped. */
export async function imageOrSkip(
  test: Pick<TestContext, 'skip'>,
  image: TestImage,
): Promise<string | undefined> {
  if (!mayUseDocker(test)) return undefined
  try {
    return await ensureImage(image)
  } catch (thrown) {
    const { message, output = '' } = toAppError(thrown)
    test.skip(`${message}\n${output.slice(-500)}`)
    return undefined
  }
}

/** Runs `docker` with these words; answers what it printed. @throws AppError `command-failed` */
export function docker(...words: readonly string[]): Promise<string> {
  return runOrFail(['docker', ...words], { timeout: 60_000 })
}

/** Ends and removes a container, also one that is not there. */
export async function removeContainer(name: string): Promise<void> {
  await run(['docker', 'rm', '--force', '--volumes', name], { timeout: 60_000 })
}

/** Removes the containers of test processes that are gone. */
export async function removeLeftContainers(): Promise<void> {
  const format = `{{.ID}}\t{{.Label "${label}"}}`
  const list = await docker('ps', '--all', `--filter=label=${label}`, `--format=${format}`)
  for (const line of list.split('\n').filter(Boolean)) {
    const [id = '', pid = ''] = line.split('\t')
    if (identify(Number(pid)) === undefined) await removeContainer(id)
  }
}

/** The words before those of Compose: docker's plugin, or the stand-alone program. */
export async function composeCommand(): Promise<string> {
  const { status } = await run(['docker', 'compose', 'version'])
  return status === 0 ? 'docker compose' : 'docker-compose'
}
