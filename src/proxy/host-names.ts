/** What a host name leads to: its exact entry, else the longest `*.suffix` that covers it, else the entry for all (``). */
export function findByHostName<Value>(
  names: ReadonlyMap<string, Value>,
  hostName: string,
): Value | undefined {
  return names.get(hostName) ?? findWildcard(names, hostName) ?? names.get('')
}

function findWildcard<Value>(
  names: ReadonlyMap<string, Value>,
  hostName: string,
): Value | undefined {
  for (let dot = hostName.indexOf('.'); dot !== -1; dot = hostName.indexOf('.', dot + 1)) {
    const value = names.get(`*${hostName.slice(dot)}`)
    if (value !== undefined) return value
  }
  return undefined
}
