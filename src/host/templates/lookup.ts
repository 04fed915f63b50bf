/** Values that names are looked up in, the innermost last. */
export type ContextStack = readonly unknown[]

/**
 * The value of a dotted name, or undefined. Its first part is searched from the inside outward; the rest must
 * be found below it. Only own properties of plain objects count, so `constructor` or `toString` find nothing.
 */
export function lookUp(stack: ContextStack, name: string): unknown {
  if (name === '.') return stack.at(-1)
  const [first = '', ...rest] = name.split('.')
  const holder = stack.findLast((candidate) => ownProperty(candidate, first) !== undefined)
  let value = ownProperty(holder, first)
  for (const part of rest) value = ownProperty(value, part)
  return value
}

function ownProperty(holder: unknown, name: string): unknown {
  if (typeof holder !== 'object' || holder === null || Array.isArray(holder)) return undefined
  return Object.hasOwn(holder, name) ? (holder as Record<string, unknown>)[name] : undefined
}
