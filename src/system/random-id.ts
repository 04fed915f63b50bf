import { randomBytes } from 'node:crypto'

/** `length` characters of a–z and 2–7, about five bits each. */
export type RandomText = (length: number) => string

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'

export const randomText: RandomText = (length) =>
  Array.from(randomBytes(length), (byte) => alphabet[byte % alphabet.length]).join('')
