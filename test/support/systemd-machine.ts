import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

import { describeEnd, randomText, run, runOrFail, type RunResult } from '../../src/system/index.ts'
import { afterwards } from './afterwards.ts'
import {
  containerLabel,
  docker,
  imageOrSkip,
  removeContainer,
  removeLeftContainers,
} from './docker.ts'
import { packSampleRelease, type SampleRelease } from './sample-release.ts'
import { temporaryFolder } from './temp-folder.ts'
import { builtProgram } from './tools.ts'
import { waitUntil } from './wait-until.ts'

/** A machine with systemd as PID 1, in a container, set up as a person would: `sluice` in /usr/local/bin, `sluice init`. */
export interface SystemdMachine {
  /** Runs a program there. */
  exec(...argv: readonly string[]): Promise<RunResult>
  /** The same, failing unless it ends with 0; answers its standard output without the last newline. */
  succeed(...argv: readonly string[]): Promise<string>
  /** Runs sluice with --json and answers the object. */
  json(...words: readonly string[]): Promise<Record<string, unknown>>
  /** Archives have the same path there. */
  pack(sample: SampleRelease): Promise<string>
  /** Writes sluice.yaml; what is given goes over settings that work. */
  configure(settings: Readonly<Record<string, unknown>>): Promise<void>
  /** The version that answers there on port 80, or the status of another answer; undefined when nothing does. */
  served(): Promise<string | undefined>
  /** A property of a unit. */
  property(unit: string, name: string): Promise<string>
  reboot(): Promise<void>
}

const config = '/etc/sluice/sluice.yaml'

export async function createSystemdMachine(t: TestContext): Promise<SystemdMachine | undefined> {
  const image = await imageOrSkip(t, 'systemd')
  if (image === undefined) return undefined
  const folder = temporaryFolder(t)
  const container = `sluice-test-${randomText(10)}`
  afterwards(t, () => removeContainer(container))
  await removeLeftContainers()
  await docker('run', ...containerOptions(container, folder), image)
  await docker('cp', builtProgram('sluice'), `${container}:/usr/local/bin/sluice`)
  const machine = openMachine(container, folder)
  await waitForSystemd(machine)
  await machine.succeed('sluice', 'init', '/opt/sluice', '--config', config)
  await machine.configure({})
  return machine
}

function containerOptions(container: string, folder: string): string[] {
  // Not --privileged: that asks for more than a test machine may itself have.
  // SYS_PTRACE is what root has on a machine: without it, it may not look into other accounts' processes.
  const systemd = ['SYS_ADMIN', 'SYS_PTRACE'].map((name) => `--cap-add=${name}`)
  const seccomp = '--security-opt=seccomp=unconfined'
  const rooms = ['--cgroupns=private', '--tmpfs=/run', '--tmpfs=/run/lock']
  // The sample release's app runs on the Node that runs this test.
  const node = `--volume=${process.execPath}:${process.execPath}:ro`
  const name = [`--name=${container}`, `--label=${containerLabel}`]
  const stop = '--stop-signal=SIGRTMIN+3'
  return [
    '--detach',
    ...name,
    ...systemd,
    seccomp,
    ...rooms,
    node,
    `--volume=${folder}:${folder}`,
    stop,
    '--network=none',
  ]
}

function openMachine(container: string, folder: string): SystemdMachine {
  const exec: SystemdMachine['exec'] = (...argv) =>
    run(['docker', 'exec', container, ...argv], { timeout: 90_000 })
  const succeed: SystemdMachine['succeed'] = async (...argv) => {
    const result = await exec(...argv)
    if (result.status === 0) return result.stdout.trimEnd()
    throw new Error(`${argv.join(' ')} ${describeEnd(result)}\n${result.stdout}\n${result.stderr}`)
  }
  const machine: SystemdMachine = {
    exec,
    succeed,
    json: async (...words) => parseJson(await exec('sluice', ...words, '--json')),
    pack: (sample) => packSampleRelease(folder, sample),
    configure: async (settings) => {
      mkdirSync(join(folder, 'etc'), { recursive: true })
      const file = join(folder, 'etc/sluice.yaml')
      writeFileSync(file, JSON.stringify({ ...usualSettings, ...settings }))
      await docker('cp', file, `${container}:${config}`)
    },
    served: async () => {
      const { status, stdout } = await exec(process.execPath, '-e', askScript)
      return status === 0 ? stdout.trim() : undefined
    },
    property: (unit, name) => succeed('systemctl', 'show', '--value', `--property=${name}`, unit),
    reboot: async () => {
      await runOrFail(['docker', 'restart', '--time=20', container], { timeout: 90_000 })
      await waitForSystemd(machine)
    },
  }
  return machine
}

const usualSettings = {
  root: '/opt/sluice',
  runDir: '/run/sluice',
  store: '/opt/sluice/store',
  proxy: { http: { address: '0.0.0.0', port: 80 } },
  endpoints: { main: { app: 'shop' } },
  retention: { diskFloor: 0 },
  bake: { for: '100ms', interval: '20ms', failures: 2 },
  probeInterval: '20ms',
  confirmWithin: '30s',
}

const askScript = `
fetch('http://127.0.0.1/', { headers: { accept: 'application/json' } }).then(async (answer) => {
  console.log(answer.status === 200 ? (await answer.json()).version : answer.status)
}, () => { process.exitCode = 1 })`

async function waitForSystemd(machine: SystemdMachine): Promise<void> {
  await waitUntil(async () => {
    const { stdout } = await machine.exec('systemctl', 'is-system-running')
    return ['running', 'degraded'].includes(stdout.trim())
  }, 'systemd to have started')
}

function parseJson({ stdout, stderr, status }: RunResult): Record<string, unknown> {
  try {
    return JSON.parse(stdout) as Record<string, unknown>
  } catch {
    throw new Error(`no JSON, status ${status}: ${stdout}\n${stderr}`)
  }
}
