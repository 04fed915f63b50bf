import assert from 'node:assert/strict'
import { chmodSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

import { temporaryFolder } from '../../../test/support/temp-folder.ts'
import { makeDirectory } from '../../system/index.ts'
import { openSystemctl } from './systemctl.ts'
import { createProxyStart, type ProxyUnitOptions } from './systemd-proxy.ts'

// Without a systemd: what it is asked for. test/docker shows the unit at work.

const fake = fileURLToPath(
  new URL('../../../test/support/programs/fake-systemctl.sh', import.meta.url),
)

interface Scene {
  readonly options: ProxyUnitOptions
  readonly program: string
  readonly calls: () => string[]
}

function setScene(t: TestContext): Scene {
  const folder = temporaryFolder(t)
  const program = join(folder, 'systemctl')
  copyFileSync(fake, program)
  chmodSync(program, 0o755)
  const unitDirectory = join(folder, 'system')
  makeDirectory(unitDirectory)
  const calls = (): string[] =>
    readFileSync(`${program}.calls`, 'utf8').trim().replaceAll('--no-pager ', '').split('\n')
  const options = {
    root: join(folder, 'root'),
    runDir: '/run/sluice',
    command: ['/opt/bin/sluice', 'proxy', 'serve'],
    drainWithin: 7000,
    unitDirectory,
    systemctl: openSystemctl(program),
  }
  return { options, program, calls }
}

test('the proxy becomes a unit that follows it to a new process and gives it time to drain', async (t) => {
  const { options, calls } = setScene(t)
  await createProxyStart(options)()
  assert.deepEqual(calls(), ['daemon-reload', 'restart -- sluice-proxy.service'])
  const unit = readFileSync(join(options.unitDirectory, 'sluice-proxy.service'), 'utf8')
  for (const line of [
    'Type=forking',
    'PIDFile=/run/sluice/proxy.pid',
    'TimeoutStopSec=12000ms',
    'Restart=always',
    `StandardError=append:${options.root}/log/proxy.log`,
  ]) {
    assert.ok(unit.includes(`${line}\n`), line)
  }
})

test('a proxy that systemd cannot start is told with its output, and not tried again in silence', async (t) => {
  const { options, program, calls } = setScene(t)
  makeDirectory(join(options.root, 'log'))
  writeFileSync(join(options.root, 'log/proxy.log'), 'cannot listen on 0.0.0.0:80\n')
  writeFileSync(`${program}.fail`, '')
  await assert.rejects(createProxyStart(options)(), {
    code: 'proxy-failed',
    output: 'cannot listen on 0.0.0.0:80\n',
    hint: /journalctl -u sluice-proxy\.service/,
  })
  assert.ok(calls().includes('stop -- sluice-proxy.service'))
})
