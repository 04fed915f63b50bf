// oxlint-disable-next-line no-control-regex
const styleSequence = /(\u001b\[[0-9;]*m)/
const combining = /^\p{Mark}$/u
/** Hangul, kana, CJK, full-width forms and pictographs take two cells. */
const wide =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}$/u

/** Cells that a text takes on a terminal, colour sequences not counted. */
export function textWidth(text: string): number {
  let width = 0
  for (const character of text.split(styleSequence).filter(isShown).join(''))
    width += cells(character)
  return width
}

/** Pads on the right to a width in cells. */
export function padTo(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - textWidth(text)))
}

/** Cuts a text to a width in cells, with `…` at the cut and any colour switched off there. */
export function cutTo(text: string, width: number): string {
  if (textWidth(text) <= width) return text
  let used = 0
  let kept = ''
  for (const part of text.split(styleSequence)) {
    if (!isShown(part)) {
      kept += part
      continue
    }
    for (const character of part) {
      used += cells(character)
      if (used > width - 1) return `${kept}…${kept.includes('\u001b[') ? '\u001b[0m' : ''}`
      kept += character
    }
  }
  return kept
}

function isShown(part: string): boolean {
  return !part.startsWith('\u001b[')
}

function cells(character: string): number {
  if (combining.test(character)) return 0
  return wide.test(character) ? 2 : 1
}
