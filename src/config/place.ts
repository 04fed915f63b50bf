/** A place in a text file, both counted from 1. */
export interface Place {
  readonly line: number
  readonly column: number
}

export function placeAt(text: string, offset: number): Place {
  const before = text.slice(0, offset)
  const lineStart = before.lastIndexOf('\n') + 1
  return { line: before.split('\n').length, column: offset - lineStart + 1 }
}
