import assert from 'node:assert/strict'
import test from 'node:test'

import { createSystemdMachine, type SystemdMachine } from '../support/systemd-machine.ts'
import { waitUntil } from '../support/wait-until.ts'

// What README promises: a server and an agent in three commands, where systemd is PID 1.

const url = 'https://127.0.0.1:7780'
const operator = {
  SLUICE_SERVER: url,
  SLUICE_SERVER_IDENTITY: '/root/server/identity.pub',
  SLUICE_TOKEN_FILE: '/root/admin.token',
}

function asOperator(machine: SystemdMachine, ...words: readonly string[]): Promise<string> {
  const variables = Object.entries(operator).map(([name, value]) => `${name}=${value}`)
  return machine.succeed('env', ...variables, 'sluice', ...words)
}

async function startServer(machine: SystemdMachine): Promise<void> {
  const settings = 'state: /root/server\n'
  await machine.succeed('sh', '-c', `printf '${settings}' > /root/sluice-server.yaml`)
  const words = ['--config', '/root/sluice-server.yaml', '--admin-token-file', '/root/admin.token']
  const unit = ['systemd-run', '--unit=control', '--property=Type=notify']
  await machine.succeed(...unit, '--property=NotifyAccess=all', 'sluice', 'server', ...words)
}

test('a machine joins with one command, and its two services bring what the server wants', async (t) => {
  const machine = await createSystemdMachine(t)
  if (machine === undefined) return
  await startServer(machine)
  await asOperator(machine, 'join-token', '--labels', 'app=shop,env=prod', '--output', '/root/join')
  const rest = ['--token-file', '/root/join', '--allow', 'shop', '--install-units']
  await machine.succeed('sluice', 'agent', 'enrol', url, ...rest)
  const services = ['sluice-agent.service', 'sluice-host.service']
  for (const service of services) {
    const isActive = async () => (await machine.property(service, 'ActiveState')) === 'active'
    await waitUntil(isActive, `${service} to be active`)
  }
  const pid = await machine.property('sluice-agent.service', 'MainPID')
  assert.equal(await machine.succeed('stat', '-c', '%U', `/proc/${pid}`), 'sluice-agent')

  await asOperator(machine, 'publish', await machine.pack({ version: '1' }))
  const wish = ['shop@1', '--to', 'app=shop,env=prod', '--reason', 'the first one']
  const told = await asOperator(machine, 'deploy', ...wish)
  assert.match(told, /succeeded/)
  assert.equal(await machine.served(), '1')

  // Both are killed, and go on by themselves.
  for (const service of services) await machine.succeed('systemctl', 'kill', '-s', 'KILL', service)
  await asOperator(machine, 'publish', await machine.pack({ version: '2' }))
  await asOperator(machine, 'deploy', 'shop@2', ...wish.slice(1))
  assert.equal(await machine.served(), '2')
})

test('the unit of the agent is shut in: its exposure is 2.5 or less', async (t) => {
  const machine = await createSystemdMachine(t)
  if (machine === undefined) return
  const shown = await machine.succeed('sluice', 'agent', 'install-units', '--print')
  const unit = /^# \S+sluice-agent\.service\n([^]*?)^# /m.exec(`${shown}\n# `)?.[1] ?? ''
  await machine.succeed('sh', '-c', `cat > /root/sluice-agent.service <<'END'\n${unit}\nEND`)
  const words = ['security', '--offline=true', '--no-pager', '/root/sluice-agent.service']
  const analysed = await machine.succeed('systemd-analyze', ...words)
  const exposure = /Overall exposure level for \S+: (\d+\.\d+)/.exec(analysed)?.[1]
  t.diagnostic(`exposure of sluice-agent.service: ${exposure}`)
  assert.ok(Number(exposure) <= 2.5, analysed.slice(-2000))
})
