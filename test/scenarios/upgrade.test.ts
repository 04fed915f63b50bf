import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, readlinkSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import { run } from '../../src/system/index.ts'
import { startHotLoad } from '../support/hot-load.ts'
import { createMachine } from '../support/machine.ts'
import { builtProgram } from '../support/tools.ts'

test('after an upgrade, boot gives the proxy’s sockets to the new executable and no request is lost', async (t) => {
  const machine = await createMachine(t)
  const bin = join(machine.folder, 'bin')
  mkdirSync(bin)
  const program = join(bin, 'sluice')
  const install = (): void => {
    copyFileSync(builtProgram('sluice'), `${program}.new`)
    renameSync(`${program}.new`, program)
  }
  const sluice = async (...words: string[]): Promise<void> => {
    const options = { cwd: machine.folder, env: machine.environment, timeout: 60_000 }
    const { status, stderr } = await run([program, ...words], options)
    assert.equal(status, 0, stderr)
  }
  const proxyFile = (): string => readlinkSync(join(machine.folder, 'run', 'proxy.sock'))
  install()
  await sluice('deploy', await machine.pack({ version: '1' }))
  const before = proxyFile()
  await sluice('boot')
  assert.equal(proxyFile(), before, 'the same executable needs no new process')
  const load = await startHotLoad(machine.port, 4)
  await load.after(100)
  install()
  await sluice('boot')
  await load.after(100)
  const { failures } = await load.stop()
  assert.deepEqual(failures, [])
  assert.notEqual(proxyFile(), before)
})
