/** Reads what came from outside; undefined when it is not what it must be. */
export type ReadAnswer<Answer> = (value: unknown) => Answer | undefined

// The agent runs for years on every host, and the library of schemas costs ten megabytes. So what it reads it checks by hand, as
// far as it uses it. Desired states and reports it only carries; who acts on them, host or server, checks them whole.

export type Fields = Readonly<Record<string, unknown>>

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

/** Text of at most so many characters. */
export function isText(value: unknown, most: number): value is string {
  return typeof value === 'string' && value.length <= most
}
