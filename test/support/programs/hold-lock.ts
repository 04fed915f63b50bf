import { acquireLock, systemClock } from '../../../src/system/index.ts'

// Takes the lock at the path given, prints its fence, and holds it until killed.
const lock = await acquireLock(process.argv[2] ?? '', {
  purpose: 'hold it for a test',
  clock: systemClock,
  wait: 20_000,
})
process.stdout.write(`${lock.fence}\n`)
setInterval(() => undefined, 60_000)
