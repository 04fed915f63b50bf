import { defineCommand } from '../context.ts'

export const hostServe = defineCommand({
  name: 'host serve',
  group: 'Agent',
  summary: 'do on this host what a server wants, as far as the policy allows',
  description:
    'The part of the agent that acts, as root: it listens on a unix socket only, and `sluice agent` brings it what the server wants. ' +
    'Nothing is done that the policy file does not allow.',
  arguments: {},
  options: {
    policy: {
      value: 'FILE',
      summary: 'what servers may want here; /etc/sluice/policy.yaml unless given',
      complete: 'files',
    },
    state: {
      value: 'DIRECTORY',
      summary: 'what must survive a restart; ROOT/agent unless given',
      complete: 'files',
    },
    socket: { value: 'PATH', summary: 'where to listen; RUNDIR/host.sock unless given' },
    group: { value: 'NAME', summary: 'group that may use the socket, the one of `sluice agent`' },
  },
  examples: [
    { line: 'host serve --group sluice-agent', meaning: 'Serve until Ctrl-C or SIGTERM.' },
  ],
  async run(context, values) {
    const { serveHostUntilStopped } = await import('../server/serve-host-until-stopped.ts')
    await serveHostUntilStopped(context, values)
    return undefined
  },
})
