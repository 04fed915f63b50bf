import type { ChildProcess } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'

import { toAppError } from '../src/errors/index.ts'
import {
  childEnvironment,
  makeDirectory,
  run,
  runOrFail,
  startDetached,
} from '../src/system/index.ts'
import { cacheFolder } from './project.ts'

/** An engine for the tests. `stop` ends one that we started and leaves any other alone. */
export interface DockerEngine {
  stop(): Promise<void>
}

const nothingToStop: DockerEngine = { stop: () => Promise.resolve() }

/**
 * Where Docker may be used (`allowed`, or SLUICE_TEST_DOCKER=1) finds a running engine, or as root installs
 * docker.io and starts one, and tells the tests by SLUICE_TEST_DOCKER. Without one the tests skip by name.
 */
export async function prepareDocker(allowed: boolean): Promise<DockerEngine> {
  if (!allowed && process.env['SLUICE_TEST_DOCKER'] !== '1') return nothingToStop
  try {
    await install(await findMissing())
    const engine = (await answers()) ? nothingToStop : await startEngine()
    process.env['SLUICE_TEST_DOCKER'] = '1'
    return engine
  } catch (thrown) {
    const { message, output } = toAppError(thrown)
    console.log(`warning: no Docker engine: ${message}\n${output ?? ''}`)
    delete process.env['SLUICE_TEST_DOCKER']
    return nothingToStop
  }
}

async function startEngine(): Promise<DockerEngine> {
  const log = openLog()
  const engine = startDetached(['dockerd', '--data-root', join(cacheFolder, 'docker')], {
    env: childEnvironment(),
    stdout: log,
    stderr: log,
  })
  closeSync(log)
  await waitUntilAnswering(engine)
  return { stop: () => stopEngine(engine) }
}

/** Debian's packages that are needed here: an engine, unless one answers, and Compose. */
async function findMissing(): Promise<string[]> {
  const hasEngine = (await answers()) || (await isInstalled('dockerd'))
  const engine = hasEngine ? [] : ['docker.io', 'iptables']
  return (await hasCompose()) ? engine : [...engine, 'docker-compose']
}

/** The one thing the tests put outside the clone, with CI=true and as root only. */
async function install(packages: readonly string[]): Promise<void> {
  if (packages.length === 0) return
  const env = childEnvironment({ DEBIAN_FRONTEND: 'noninteractive' })
  const patience = ['-o', 'Acquire::Retries=2', '-o', 'Acquire::http::Timeout=15']
  await runOrFail(['apt-get', ...patience, 'update'], { env, timeout: 120_000 })
  const words = ['install', '-y', '--no-install-recommends', ...packages]
  await runOrFail(['apt-get', ...patience, ...words], { env, timeout: 240_000 })
}

async function waitUntilAnswering(engine: ChildProcess): Promise<void> {
  const deadline = performance.now() + 60_000
  while (!(await answers())) {
    if (engine.exitCode !== null || performance.now() > deadline) {
      throw new Error(`dockerd does not answer; see ${logFile}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

async function stopEngine(engine: ChildProcess): Promise<void> {
  engine.ref()
  const ended = new Promise((resolve) => engine.once('exit', resolve))
  engine.kill('SIGTERM')
  const impatience = setTimeout(() => engine.kill('SIGKILL'), 60_000)
  await ended
  clearTimeout(impatience)
}

async function answers(): Promise<boolean> {
  if (!(await isInstalled('docker'))) return false
  return (await run(['docker', 'version'], { timeout: 20_000 })).status === 0
}

async function hasCompose(): Promise<boolean> {
  if (await isInstalled('docker-compose')) return true
  if (!(await isInstalled('docker'))) return false
  return (await run(['docker', 'compose', 'version'], { timeout: 20_000 })).status === 0
}

async function isInstalled(program: string): Promise<boolean> {
  return (await run(['/bin/sh', '-c', 'command -v "$0"', program])).status === 0
}

const logFile = join(cacheFolder, 'docker.log')

function openLog(): number {
  makeDirectory(cacheFolder)
  return openSync(logFile, 'a', 0o600)
}
