/** What is kept of a deed or of its refusal; never a secret. */
export interface AuditEntry {
  /** Milliseconds since 1970. */
  readonly at: number
  /** `token ID`, `webhook SOURCE`, or `server`. */
  readonly who: string
  /** The route or the server's own deed. */
  readonly what: string
  readonly object: string
  /** The address it came from. */
  readonly from: string
  /** `ok`, or the code of the refusal. */
  readonly outcome: string
}

/** JSON with its keys in order and without spaces, so that the same entry is always the same bytes. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const entries = Object.entries(value).filter(([, member]) => member !== undefined)
  const members = entries
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`)
  return `{${members.join(',')}}`
}
