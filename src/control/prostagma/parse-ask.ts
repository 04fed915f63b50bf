/** What a request's body says; what is not in it is empty. */
export interface Ask {
  readonly secret: string
  readonly trigger: string
  readonly url: string
}

const nothing: Ask = { secret: '', trigger: '', url: '' }

/**
 * Reads the first JSON value of a body: an object whose members may be written in any case, the last of equal ones
 * winning, or `null`. What follows is ignored, as are unknown members. Undefined when it is none, or a known member is no
 * text.
 */
export function parseAsk(body: string): Ask | undefined {
  const text = body.replace(/^[ \t\r\n]+/, '')
  if (text.startsWith('null')) return nothing
  const members = firstObject(text)
  return members === undefined ? undefined : readMembers(members)
}

function readMembers(members: readonly Member[]): Ask | undefined {
  const ask: Record<string, string> = { ...nothing }
  for (const { name, value } of members) {
    const known = name.toLowerCase()
    if (!Object.hasOwn(nothing, known)) continue
    if (value !== null && typeof value !== 'string') return undefined
    // Absent and null are the same, also after a text.
    if (value !== null) ask[known] = value.toWellFormed()
  }
  return { ...nothing, ...ask }
}

interface Member {
  readonly name: string
  readonly value: unknown
}

/** A string, a bracket, a comma or colon, or what lies between them. */
const token = /"(?:[^"\\]|\\[^])*"|[[\]{}:,]|[^"[\]{}:,]+/y

/** All members of the object that a text begins with, repeated ones too; undefined when there is no whole one. */
function firstObject(text: string): Member[] | undefined {
  const parts = memberTexts(text)
  if (parts === undefined) return undefined
  try {
    // The whole has to be JSON; only then do its members mean what they seem to.
    JSON.parse(text.slice(0, parts.end))
    return parts.members.map(([name, value]) => ({
      name: String(JSON.parse(name)),
      value: JSON.parse(value),
    }))
  } catch {
    return undefined
  }
}

function memberTexts(
  text: string,
): { end: number; members: [name: string, value: string][] } | undefined {
  if (!text.startsWith('{')) return undefined
  const members: [name: string, value: string][] = []
  let depth = 0
  let name = ''
  let from = 1
  for (token.lastIndex = 0; ;) {
    const at = token.lastIndex
    const [found] = token.exec(text) ?? []
    if (found === undefined) return undefined
    if (depth === 1 && found === ':') {
      name = text.slice(from, at)
      from = at + 1
    }
    const isEnd = depth === 1 && found === '}'
    if (depth === 1 && (found === ',' || isEnd)) {
      if (name !== '') members.push([name, text.slice(from, at)])
      name = ''
      from = at + 1
    }
    if (found === '{' || found === '[') depth += 1
    if (found === '}' || found === ']') depth -= 1
    if (isEnd) return { end: at + 1, members }
  }
}
