type Given<Values> = { [Name in keyof Values]?: Exclude<Values[Name], undefined> }

/** Only the values that were given, so that a request says nothing about the others. */
export function given<Values extends object>(values: Values): Given<Values> {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as Given<Values>
}
