/**
 * Splits the part of a shell line before the cursor into words as bash would, quotes and backslashes taken away. The
 * last word is the one being typed and may be empty or have an open quote.
 */
export function splitLine(line: string): string[] {
  return readLine(line).words
}

/** Whether the word being typed stands in a quote that is still open. */
export function hasOpenQuote(line: string): boolean {
  return readLine(line).quote !== ''
}

function readLine(line: string): { words: string[]; quote: string } {
  const words: string[] = []
  let word = ''
  let started = false
  let quote = ''
  for (let index = 0; index < line.length; index++) {
    const character = line.charAt(index)
    if (character === '\\' && quote !== "'") {
      index++
      word += line.charAt(index)
      started = true
    } else if (quote !== '') {
      if (character === quote) quote = ''
      else word += character
    } else if (character === '"' || character === "'") {
      quote = character
      started = true
    } else if (character === ' ' || character === '\t') {
      if (started) words.push(word)
      word = ''
      started = false
    } else {
      word += character
      started = true
    }
  }
  return { words: [...words, word], quote }
}
