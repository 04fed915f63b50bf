import { openStorage, openTriggers } from '../../src/control/index.ts'
import { randomText, systemClock } from '../../src/system/index.ts'

// Raises one trigger by so many callers for so many milliseconds and prints how many raises were answered:
// `raise FILE CALLERS LARGEST-BATCH MILLISECONDS`; built like the executable.
const [path = '', callers = '1', largestBatch = '1', milliseconds = '1000'] = process.argv.slice(-4)

async function raise(): Promise<void> {
  const storage = await openStorage({ kind: 'sqlite', path })
  const options = { storage, clock: systemClock, randomText, largestBatch: Number(largestBatch) }
  const triggers = openTriggers(options)
  const how = { by: 'bench', source: 'bench', create: true }
  await triggers.raise('deploy', how)
  const startedAt = performance.now()
  let raises = 0
  async function call(caller: number): Promise<void> {
    for (let number = 0; performance.now() - startedAt < Number(milliseconds); number++) {
      await triggers.raise('deploy', { ...how, key: `${caller}-${number}` })
      raises += 1
    }
  }
  await Promise.all(Array.from({ length: Number(callers) }, (_, caller) => call(caller)))
  const seconds = (performance.now() - startedAt) / 1000
  await triggers.close()
  await storage.close()
  process.stdout.write(JSON.stringify({ raises, seconds }))
}

void raise()
