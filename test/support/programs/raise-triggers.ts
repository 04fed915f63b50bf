import { writeSync } from 'node:fs'

import { openStorage, openTriggers, type StorageLocation } from '../../../src/control/index.ts'
import { toAppError } from '../../../src/errors/index.ts'
import { randomText, Secret, systemClock } from '../../../src/system/index.ts'

// Raises triggers until killed and prints each acknowledgement: `raise-triggers.ts PLACE WRITERS FIRST`.
// PLACE is a file or an address of PostgreSQL. Writer 2 raises trigger t0 with the keys 2-FIRST, 2-FIRST+1, …
const [place = '', writers = '1', first = '0'] = process.argv.slice(2)
const location: StorageLocation = place.startsWith('postgres:')
  ? { kind: 'postgres', url: new Secret(place) }
  : { kind: 'sqlite', path: place }

const storage = await openStorage(location)
const triggers = openTriggers({ storage, clock: systemClock, randomText })
say('open', process.pid)

function say(...words: readonly unknown[]): void {
  writeSync(1, `${words.join(' ')}\n`)
}

async function write(writer: number): Promise<void> {
  for (let number = Number(first); ; number++) {
    const key = `${writer}-${number}`
    const name = `t${writer % 2}`
    say('try', name, key)
    try {
      const { sequence } = await triggers.raise(name, {
        key,
        by: 'me',
        source: 'test',
        create: true,
      })
      say('ack', name, key, sequence)
    } catch (thrown) {
      const { code, retryable } = toAppError(thrown)
      say('error', name, key, code, retryable)
    }
  }
}

await Promise.all(Array.from({ length: Number(writers) }, (_, writer) => write(writer)))
