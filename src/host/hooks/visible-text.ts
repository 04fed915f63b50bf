/** Text from a command with every control character made visible, so that it cannot steer a terminal. */
export function makeVisible(text: string): string {
  return text.replaceAll(unsafe, (character) => {
    const code = character.codePointAt(0) ?? 0
    if (code < 0x20) return String.fromCodePoint(0x2400 + code)
    if (code === 0x7f) return '\u2421'
    return String.raw`\u` + code.toString(16).padStart(4, '0')
  })
}

// C0 but tab and newline, DEL, C1, and the characters that reorder what a reader sees.
// oxlint-disable-next-line no-control-regex
const unsafe = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g
