import { serveKeeper } from '../../../src/host/keeper/serve-keeper.ts'
import { systemClock } from '../../../src/system/index.ts'

// A keeper for tests: arguments are the run directory and the milliseconds it stays without anything to keep.
const [runDir = '', idle = '10000'] = process.argv.slice(2)
const end = await serveKeeper({
  runDir,
  clock: systemClock,
  signal: new AbortController().signal,
  log: (line) => process.stdout.write(`${line}\n`),
  idle: Number(idle),
  restart: { first: 20, longest: 200, settled: 2000 },
  logInterval: 50,
  revertRetry: 50,
})
process.stdout.write(`ended: ${end}\n`)
