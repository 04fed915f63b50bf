// BLAKE2b (RFC 7693) of at most one block. Minisign keeps a digest of 256 bits with an encrypted key, and node:crypto
// has only that of 512 bits on every runtime.

/** The digest, of `length` bytes, of at most 128 bytes. */
export function smallBlake2b(message: Uint8Array, length: number): Buffer {
  if (message.length > 128) throw new RangeError('more than one block')
  const state = initial.map((word, index) =>
    index === 0 ? word ^ BigInt(0x01010000 + length) : word,
  )
  const work = [...state, ...initial]
  work[12] = wordAt(work, 12) ^ BigInt(message.length)
  work[14] = wordAt(work, 14) ^ full
  const block = Buffer.concat([message, Buffer.alloc(128 - message.length)])
  for (const order of orders) mixRound(work, block, order)
  const digest = Buffer.alloc(64)
  state.forEach((word, index) => {
    digest.writeBigUInt64LE(word ^ wordAt(work, index) ^ wordAt(work, index + 8), index * 8)
  })
  return digest.subarray(0, length)
}

const full = (1n << 64n) - 1n

const initial = [
  0x6a09e667f3bcc908n,
  0xbb67ae8584caa73bn,
  0x3c6ef372fe94f82bn,
  0xa54ff53a5f1d36f1n,
  0x510e527fade682d1n,
  0x9b05688c2b3e6c1fn,
  0x1f83d9abfb41bd6bn,
  0x5be0cd19137e2179n,
]

/** In which order each of the twelve rounds takes the words of the message. */
const orders = [
  '0123456789abcdef',
  'ea489fd61c02b753',
  'b8c052fdae367194',
  '7931dcbe265a40f8',
  '905724afe1bc683d',
  '2c6a0b834d75fe19',
  'c51fed4a0763928b',
  'db7ec13950f4862a',
  '6fe9b308c2d714a5',
  'a2847615fb9e3cd0',
  '0123456789abcdef',
  'ea489fd61c02b753',
].map((order) => Array.from(order, (digit) => Number.parseInt(digit, 16)))

/** Which four words each of the eight mixings of a round takes. */
const mixings = ['048c', '159d', '26ae', '37bf', '05af', '16bc', '278d', '349e'].map((quad) =>
  Array.from(quad, (digit) => Number.parseInt(digit, 16)),
)

function mixRound(work: bigint[], block: Buffer, order: readonly number[]): void {
  mixings.forEach(([a = 0, b = 0, c = 0, d = 0], index) => {
    const first = block.readBigUInt64LE((order[index * 2] ?? 0) * 8)
    const second = block.readBigUInt64LE((order[index * 2 + 1] ?? 0) * 8)
    for (const [addend, turnD, turnB] of [
      [first, 32n, 24n],
      [second, 16n, 63n],
    ] as const) {
      work[a] = (wordAt(work, a) + wordAt(work, b) + addend) & full
      work[d] = rotate(wordAt(work, d) ^ wordAt(work, a), turnD)
      work[c] = (wordAt(work, c) + wordAt(work, d)) & full
      work[b] = rotate(wordAt(work, b) ^ wordAt(work, c), turnB)
    }
  })
}

function rotate(word: bigint, bits: bigint): bigint {
  return (word >> bits) | ((word << (64n - bits)) & full)
}

function wordAt(words: readonly bigint[], index: number): bigint {
  return words[index] ?? 0n
}
