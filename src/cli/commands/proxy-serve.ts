import { defineCommand } from '../context.ts'
import { readWholeNumber } from '../read-number.ts'

export const proxyServe = defineCommand({
  name: 'proxy serve',
  group: 'Internal',
  summary: 'run the embedded proxy',
  arguments: {},
  options: {
    root: { value: 'DIRECTORY', summary: 'the root of the host' },
    runDir: { value: 'DIRECTORY', summary: 'where its sockets are' },
    listenFds: {
      value: 'COUNT',
      summary: 'listening sockets handed over, from descriptor 3',
      parse: readWholeNumber,
    },
  },
  examples: [],
  hidden: true,
  // SIGTERM drains and SIGHUP reads the routes again.
  ownSignals: true,
  async run({ door }, { root = '', runDir = '', listenFds = 0 }) {
    await door.serveProxy({ root, runDir, listenFds })
    return undefined
  },
})
