import { formatPairs, result } from '../../terminal/index.ts'
import { defineCommand } from '../context.ts'

const stateOption = {
  value: 'DIRECTORY',
  summary: 'where the agent keeps its key; /var/lib/sluice-agent unless given',
  complete: 'files',
} as const

export const agent = defineCommand({
  name: 'agent',
  group: 'Server',
  summary: 'carry what the control server wants to this host, and reports back',
  description:
    'Runs until Ctrl-C or SIGTERM, as a user who owns nothing but its key. What is done here, `sluice host serve` does.',
  arguments: {},
  options: {
    state: stateOption,
    hostSocket: {
      value: 'FILE',
      summary: 'socket of `sluice host serve`; /run/sluice/host.sock unless given',
      complete: 'files',
    },
    metricsListen: {
      value: 'ADDRESS',
      summary: 'serve /metrics on an address of this machine, such as 127.0.0.1:9101',
    },
  },
  examples: [{ line: 'agent --metrics-listen 127.0.0.1:9101', meaning: 'Run, with figures.' }],
  async run(context, values) {
    const { runAgentUntilStopped } = await import('../agent/run-until-stopped.ts')
    await runAgentUntilStopped(context, values)
    return undefined
  },
})

const enrolWords = {
  group: 'Server',
  summary: 'make this machine an agent of a control server',
  description:
    'The server must prove the key that the join token names before it gets the token. Safe to repeat: the same token and state are the same agent.',
  arguments: { url: { summary: 'address of the control server' } },
  options: {
    tokenFile: {
      value: 'FILE',
      summary: 'file with the join token, readable by you alone; - is standard input',
      complete: 'files',
    },
    name: { value: 'NAME', summary: 'name of the agent; that of the machine unless given' },
    state: stateOption,
    behindProxy: {
      summary: 'a declared proxy ends TLS: trust its certificate, and bind proofs to the address',
    },
    allow: {
      value: 'APPS',
      summary: 'write a first /etc/sluice/policy.yaml that allows these apps, such as shop,blog',
    },
    installUnits: {
      summary: 'have systemd run the agent and its host from now on, as `agent install-units` does',
    },
  },
} as const

export const agentEnrol = defineCommand({
  ...enrolWords,
  name: 'agent enrol',
  examples: [
    {
      line: 'agent enrol https://deploy.example.com:7780 --token-file join.token',
      meaning: 'Make a key, and have the server know it.',
    },
    {
      line: 'agent enrol https://deploy.example.com:7780 --token-file - --allow shop --install-units',
      meaning: 'All of it: the key, what the server may do here, and both services.',
    },
  ],
  async run(context, values) {
    const { enrolHere } = await import('../agent/enrol-here.ts')
    return result(
      await enrolHere(context, values),
      ({ agent: id, name, labels, server, keyHash, state, policy, units }, style) =>
        formatPairs(
          [
            ['agent', name],
            ['id', id],
            ['labels', formatLabels(labels)],
            ['server', server],
            ['key', keyHash],
            ['state', state],
            ...(policy === undefined ? [] : [['policy', policy] as const]),
            ...units.map((file) => ['unit', file] as const),
          ],
          style,
        ),
    )
  },
})

/** Spelled as in America. */
export const agentEnroll = defineCommand({
  ...enrolWords,
  name: 'agent enroll',
  examples: [],
  hidden: true,
  run: (context, values) => agentEnrol.run(context, values),
})

export const agentInstallUnits = defineCommand({
  name: 'agent install-units',
  group: 'Server',
  summary: 'make systemd run the agent and the host it speaks to',
  description:
    'Writes and enables sluice-agent.service, shut in as far as systemd can, and sluice-host.service, which acts as root. The account is made where there is none.',
  arguments: {},
  options: {
    state: stateOption,
    user: { value: 'ACCOUNT', summary: 'account of the agent; sluice-agent unless given' },
    print: { summary: 'only show what would be written' },
  },
  examples: [
    { line: 'agent install-units', meaning: 'Both run from now on, and at each start.' },
    { line: 'agent install-units --print', meaning: 'Read them first.' },
  ],
  async run(context, values) {
    const { installAgentUnits } = await import('../agent/install-units.ts')
    return result(await installAgentUnits(context, values), ({ units }) =>
      units.map(({ file, text }) => (text === undefined ? file : `# ${file}\n${text}`)).join('\n'),
    )
  },
})

export function formatLabels(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${value}`)
  return pairs.length === 0 ? 'none' : pairs.join(',')
}
