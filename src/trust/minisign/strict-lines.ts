/**
 * The lines of a small text file: UTF-8, each but the last ended by one `\n`, and no control character but tabs.
 * Undefined for anything else, so that what two programs read differently is read by none.
 */
export function strictLines(content: Uint8Array): readonly string[] | undefined {
  const text = decode(content)
  // eslint-disable-next-line no-control-regex
  if (text === undefined || /[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]/.test(text))
    return undefined
  return text.replace(/\n$/, '').split('\n')
}

/** What follows the label of a line, or undefined when the line has another one or is overlong. */
export function afterLabel(line: string | undefined, label: string): string | undefined {
  if (line === undefined || line.length > longestLine) return undefined
  return line.startsWith(label) ? line.slice(label.length) : undefined
}

export const untrustedLabel = 'untrusted comment: '
export const trustedLabel = 'trusted comment: '

/** As minisign has it, for its longest comment. */
const longestLine = 8192

function decode(content: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content)
  } catch {
    return undefined
  }
}
