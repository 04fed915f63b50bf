/** The bytes of base64 text, or undefined for whatever we would not have written the same way. */
export function decodeBase64(
  text: string,
  alphabet: 'base64' | 'base64url' = 'base64',
): Buffer | undefined {
  const bytes = Buffer.from(text, alphabet)
  return bytes.toString(alphabet) === text ? bytes : undefined
}

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** Bytes as a number of base 62, filled up with zeros to `length` digits; they must fit. */
export function encodeBase62(bytes: Uint8Array, length: number): string {
  let rest = BigInt(`0x0${Buffer.from(bytes).toString('hex')}`)
  let text = ''
  while (text.length < length) {
    text = `${digits[Number(rest % 62n)]}${text}`
    rest /= 62n
  }
  return text
}

/** So many digits are exact in a number that is no BigInt; each request's token is read, so that speed counts here. */
const exactDigits = 8

function smallNumber(text: string): number | undefined {
  let number = 0
  for (const digit of text) {
    const at = digits.indexOf(digit)
    if (at < 0) return undefined
    number = number * 62 + at
  }
  return number
}

/** The `length` bytes of a number of base 62, or undefined when it is none or does not fit. */
export function decodeBase62(text: string, length: number): Buffer | undefined {
  let value = 0n
  for (let start = 0; start < text.length; start += exactDigits) {
    const part = text.slice(start, start + exactDigits)
    const number = smallNumber(part)
    if (number === undefined) return undefined
    value = value * BigInt(62 ** part.length) + BigInt(number)
  }
  const hex = value.toString(16).padStart(length * 2, '0')
  return hex.length > length * 2 ? undefined : Buffer.from(hex, 'hex')
}
