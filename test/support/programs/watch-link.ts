import { readFileSync } from 'node:fs'
import { workerData } from 'node:worker_threads'

/**
 * Reads a file without pause until `counts[0]` is set, and counts: 1 reads, 2 times that it was missing, 3 times that
 * its number was smaller than before.
 */
const { path, counts } = workerData as { readonly path: string; readonly counts: Int32Array }
let last = 0
while (Atomics.load(counts, 0) === 0) {
  try {
    const number = Number(readFileSync(path, 'utf8'))
    if (number < last) Atomics.add(counts, 3, 1)
    last = number
  } catch {
    Atomics.add(counts, 2, 1)
  }
  Atomics.add(counts, 1, 1)
}
