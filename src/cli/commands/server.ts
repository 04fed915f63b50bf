import { defineCommand } from '../context.ts'

export const server = defineCommand({
  name: 'server',
  group: 'Server',
  summary: 'run the control server',
  description:
    'Reads sluice-server.yaml: --config, $SLUICE_SERVER_CONFIG, ./sluice-server.yaml, /etc/sluice/sluice-server.yaml. ' +
    'Without one it serves this machine, with a self-made certificate and a database file. The first start prints an admin token, once.',
  arguments: {},
  options: {
    database: {
      value: 'FILE',
      summary: 'file of the SQLite database, in place of the configured one',
      complete: 'files',
    },
    insecureHttp: {
      summary: 'allow plain HTTP on an address that other machines can reach',
    },
    adminTokenFile: {
      value: 'FILE',
      summary: 'write the first admin token to FILE instead of printing it',
      complete: 'files',
    },
  },
  examples: [
    {
      line: 'server --config /etc/sluice/sluice-server.yaml',
      meaning: 'Serve until Ctrl-C or SIGTERM.',
    },
  ],
  async run(context, values) {
    const { serveUntilStopped } = await import('../server/serve-until-stopped.ts')
    await serveUntilStopped(context, values)
    return undefined
  },
})
