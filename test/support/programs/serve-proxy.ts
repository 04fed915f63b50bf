import { parseArgs } from 'node:util'

import { serveProxy } from '../../../src/proxy/index.ts'

/** The embedded proxy as a process of its own, for tests. */
const { values } = parseArgs({
  options: {
    root: { type: 'string' },
    'run-dir': { type: 'string' },
    'listen-fds': { type: 'string', default: '0' },
  },
})
void serveProxy({
  root: values.root ?? '',
  runDir: values['run-dir'] ?? '',
  listenFds: Number(values['listen-fds']),
  signals: true,
})
  .then((handle) => handle.ended)
  .then(() => process.exit(0))
