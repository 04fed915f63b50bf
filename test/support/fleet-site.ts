import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

import { childEnvironment, run } from '../../src/system/index.ts'
import { afterwards } from './afterwards.ts'
import { hostServiceOn, type HostServiceUnderTest } from './host-service.ts'
import { createMachine, type Machine } from './machine.ts'
import type { Place } from './server-place.ts'
import { ask } from './server-place.ts'
import { builtProgram } from './tools.ts'

/** A machine that has joined a server: both its processes are those of the built program. */
export interface FleetSite {
  readonly name: string
  readonly machine: Machine
  readonly service: HostServiceUnderTest
  startAgent(): void
  /** kill -9, and waits until it is gone. */
  killAgent(): Promise<void>
  /** What its visitors get. */
  version(): Promise<unknown>
}

const labels = 'app=shop,env=prod'

/** Enrols a machine with labels app=shop,env=prod and starts it. */
export async function joinSite(
  t: Pick<TestContext, 'after'>,
  place: Place,
  name: string,
): Promise<FleetSite> {
  const machine = await createMachine(t)
  const service = hostServiceOn(machine)
  await service.start()
  const { text } = await ask(place, 'join-token', '--labels', labels)
  const state = join(machine.folder, 'agent')
  const words = ['agent', 'enrol', place.url, '--token-file', '-', '--name', name, '--state', state]
  const program = builtProgram('sluice')
  const env = childEnvironment(machine.environment)
  const enrolled = await run([program, ...words], {
    env,
    input: `${String(text)}\n`,
    timeout: 30_000,
  })
  assert.equal(enrolled.status, 0, enrolled.stderr)
  let child: ChildProcess | undefined
  const socket = join(machine.folder, 'run/host.sock')
  const startAgent = (): void => {
    const running = ['agent', '--state', state, '--host-socket', socket]
    child = spawn(program, running, { env, stdio: 'ignore' })
    const started = child
    afterwards(t, () => void started.kill('SIGKILL'))
  }
  startAgent()
  return {
    name,
    machine,
    service,
    startAgent,
    killAgent: async () => {
      if (child === undefined || child.exitCode !== null) return
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    },
    version: async () => {
      const { status, body } = await machine.get('/')
      return status === 200 ? (JSON.parse(body) as { version: string }).version : status
    },
  }
}
