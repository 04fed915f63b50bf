import { readFileSync } from 'node:fs'

import { unpackArchive } from '../../src/release/index.ts'

// Unpacks one archive as a deployment does, and prints its own peak of memory; built like the executable.
const [archive = '', directory = ''] = process.argv.slice(-2)

async function unpack(): Promise<void> {
  const options = { report: () => undefined, signal: new AbortController().signal, step: 'unpack' }
  const { files, bytes } = await unpackArchive(archive, directory, {}, { ...options, floor: 0 })
  const [, peak = ''] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  process.stdout.write(JSON.stringify({ files, bytes, peakMegabytes: Number(peak) / 1024 }))
}

void unpack()
